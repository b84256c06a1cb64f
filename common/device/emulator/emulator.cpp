//===- emulator.cpp - A GPU on the CPU, for whoever has none ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "device/emulator/emulator.h"
#include "device/emulator/block.h"
#include "device/emulator/host_threads.h"
#include "support/error.h"

#include <atomic>
#include <mutex>

#include <unistd.h>

namespace gpt2 {

/// What is kept from launch to launch.
struct Emulator::Workers {
  const pid_t process = getpid();
  std::mutex launching;
  std::vector<std::unique_ptr<EmulatedBlock>> blocks; ///< one a host thread
  HostThreads threads;

  /// As many blocks, ready for the launch, as host threads shall run it: no
  /// more than `wanted`.
  unsigned prepare(const Emulator &emulator, uint64_t wanted,
                   const EmulatedKernel &kernel, Dim3 grid, Dim3 block,
                   void **arguments);
};

Emulator::Emulator(unsigned subgroupSize, unsigned hostThreads)
    : subgroupSize(subgroupSize), hostThreads(hostThreads),
      kept(std::make_unique<Workers>()) {
  if (subgroupSize != 32 && subgroupSize != 64)
    fail("emulator: subgroups of ", subgroupSize, "; expected 32 or 64");
}

Emulator::~Emulator() {
  if (kept->process != getpid())
    (void)kept.release(); // see workers()
}

Emulator::Workers &Emulator::workers() const {
  if (kept->process != getpid()) {
    // A forked process has the threads' memory and not the threads: they can
    // neither help nor be waited for, and are left as they are.
    (void)kept.release();
    kept = std::make_unique<Workers>();
  }
  return *kept;
}

unsigned Emulator::Workers::prepare(const Emulator &emulator, uint64_t wanted,
                                    const EmulatedKernel &kernel, Dim3 grid,
                                    Dim3 block, void **arguments) {
  unsigned count = 0;
  do {
    if (count == blocks.size())
      blocks.push_back(
          std::make_unique<EmulatedBlock>(emulator, emulator.subgroupSize));
    // The first one is the launching thread's. Others are for speed, and not
    // needed if their stacks would take too much of the process.
    if (count > 0 && !blocks[count]->hasRoomFor(block.count()))
      break;
    blocks[count]->prepare(kernel, grid, block, arguments);
  } while (++count < wanted);
  return count;
}

void Emulator::registerBuffer(const void *data, size_t bytes,
                              const std::string &name) {
  auto begin = reinterpret_cast<uintptr_t>(data);
  const Buffer *before = bufferBefore(begin + bytes - 1);
  if (before && before->end > begin)
    fail("emulator: buffer ", name, " overlaps ", before->name);
  buffers[begin] = {begin, begin + bytes, name};
}

void Emulator::forgetBuffer(const void *data) {
  buffers.erase(reinterpret_cast<uintptr_t>(data));
}

const Emulator::Buffer *Emulator::bufferBefore(uintptr_t address) const {
  auto next = buffers.upper_bound(address);
  return next == buffers.begin() ? nullptr : &std::prev(next)->second;
}

void Emulator::launch(const EmulatedKernel &kernel, Dim3 grid, Dim3 block,
                      void **arguments) const {
  // What CUDA's smallest and largest devices have in common.
  if (block.count() < 1 || block.count() > 1024)
    fail("emulator: kernel @", kernel.name, ": blocks of ", block.count(),
         " threads; expected 1 to 1024");
  Workers &workers = this->workers();
  std::lock_guard oneAtATime(workers.launching);
  unsigned count =
      workers.prepare(*this, std::min<uint64_t>(hostThreads, grid.count()),
                      kernel, grid, block, arguments);
  std::atomic<uint64_t> next = 0;
  std::mutex mutex;
  std::optional<std::string> error;
  uint64_t errorIndex = grid.count();
  workers.threads.run(count, [&](unsigned worker) {
    // Blocks before one that failed are still run: which error is told does not
    // depend on which host thread was faster.
    for (uint64_t index; (index = next++) < grid.count();)
      if (std::optional<std::string> wrong =
              workers.blocks[worker]->run(index)) {
        std::lock_guard lock(mutex);
        if (index < errorIndex) {
          errorIndex = index;
          error = wrong;
        }
        next = grid.count();
        return;
      }
  });
  if (error)
    fail(*error);
}

const EmulatedKernel &findKernel(const EmulatedKernel *kernels,
                                 const std::string &name) {
  std::string names;
  for (const EmulatedKernel *kernel = kernels; kernel->name; ++kernel) {
    if (kernel->name == name)
      return *kernel;
    names += std::string(" ") + kernel->name;
  }
  fail("there is no kernel '", name, "'; there are:", names);
}

} // namespace gpt2
