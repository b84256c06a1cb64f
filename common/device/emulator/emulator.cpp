//===- emulator.cpp - A GPU on the CPU, for whoever has none ------------===//
#include "device/emulator/emulator.h"
#include "device/emulator/block.h"
#include "device/emulator/intrinsics.h"
#include "support/error.h"

#include <atomic>
#include <mutex>
#include <thread>

namespace gpt2 {

Emulator::Emulator(unsigned subgroupSize, unsigned hostThreads)
    : subgroupSize(subgroupSize), hostThreads(hostThreads) {
  if (subgroupSize != 32 && subgroupSize != 64)
    fail("emulator: subgroups of ", subgroupSize, "; expected 32 or 64");
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
  std::atomic<uint64_t> next = 0;
  std::mutex mutex;
  std::optional<std::string> error;
  uint64_t errorIndex = grid.count();
  auto work = [&] {
    EmulatedBlock runner(*this, subgroupSize, kernel, grid, block, arguments);
    // Blocks before one that failed are still run: which error is told does not
    // depend on which host thread was faster.
    for (uint64_t index; (index = next++) < grid.count();)
      if (std::optional<std::string> wrong = runner.run(index)) {
        std::lock_guard lock(mutex);
        if (index < errorIndex) {
          errorIndex = index;
          error = wrong;
        }
        next = grid.count();
        return;
      }
  };
  uint64_t helpers = std::min<uint64_t>(hostThreads, grid.count());
  std::vector<std::jthread> pool;
  for (uint64_t i = 1; i < helpers; ++i)
    pool.emplace_back(work);
  work();
  pool.clear();
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

using gpt2::EmulatedBlock;

namespace {

uint32_t pick(const gpt2::Dim3 &of, uint32_t dimension) {
  return dimension == 0 ? of.x : dimension == 1 ? of.y : of.z;
}

} // namespace

uint32_t gpt2_emulator_thread_id(uint32_t dimension) {
  return pick(EmulatedBlock::current().threadId(), dimension);
}
uint32_t gpt2_emulator_block_id(uint32_t dimension) {
  return pick(EmulatedBlock::current().blockId(), dimension);
}
uint32_t gpt2_emulator_block_size(uint32_t dimension) {
  return pick(EmulatedBlock::current().blockSize(), dimension);
}
uint32_t gpt2_emulator_grid_size(uint32_t dimension) {
  return pick(EmulatedBlock::current().gridSize(), dimension);
}
uint32_t gpt2_emulator_lane() { return EmulatedBlock::current().lane(); }
void gpt2_emulator_barrier() { EmulatedBlock::current().barrier(); }
uint32_t gpt2_emulator_exchange(uint32_t value, uint32_t source, uint64_t mask,
                                uint32_t site) {
  return EmulatedBlock::current().exchange(value, source, mask, site);
}
void gpt2_emulator_matrix(uint32_t unit, const uint16_t *a, const uint16_t *b,
                          const float *c, float *d) {
  EmulatedBlock::current().multiply(static_cast<gpt2::MatrixUnit>(unit), a, b,
                                    c, d);
}
void gpt2_emulator_load_matrices(const void *row, uint32_t isTransposed,
                                 uint32_t *parts) {
  EmulatedBlock::current().loadMatrices(row, isTransposed, parts);
}
void *gpt2_emulator_shared() { return EmulatedBlock::current().shared(); }
void gpt2_emulator_check(const void *address, uint32_t size, uint32_t alignment,
                         uint32_t isWrite) {
  EmulatedBlock::current().check(reinterpret_cast<uintptr_t>(address), size,
                                 alignment, isWrite);
}
