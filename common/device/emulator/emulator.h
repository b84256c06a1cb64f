//===- emulator.h - A GPU on the CPU, for whoever has none --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs a kernel's blocks on the host's threads. Within a block each GPU thread
// is a fiber: it runs until it comes to a barrier or to an exchange within its
// subgroup (a warp, a wavefront), and goes on when all others have come there.
// So a kernel computes what it would on a GPU, and the order is always the
// same.
//
// What a GPU would only suffer is an Error here, which names the kernel, the
// block and the thread:
//   a barrier or an exchange that not all threads come to
//   an access to memory that no registered buffer has, or at an address that is
//   not a multiple of what the instruction says
//   two threads of a block that use one byte of shared memory, one of them
//   writing, without a barrier in between (race_detector.h)
//   a thread that needs more stack than there is (fiber_stacks.h)
//
// Kernels are host functions made by compiler/codegen/gpu_codegen.h, in which
// the target's own intrinsics have become calls of intrinsics.h.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "device/device.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

namespace gpt2 {

/// A kernel that the emulator can run. A compiled program has an array of them,
/// `gpt2_emulated_kernels`, whose last one has no name.
struct EmulatedKernel {
  const char *name = nullptr;
  void (*function)(void **arguments) = nullptr; ///< pointers to the arguments
  int64_t sharedBytes = 0; ///< of the variables that a block's threads share
};

/// The kernel called `name` in such an array. Throws an Error that lists them
/// if there is none.
const EmulatedKernel &findKernel(const EmulatedKernel *kernels,
                                 const std::string &name);

class Emulator {
public:
  /// With `subgroupSize` lanes a subgroup (32 or 64), on `hostThreads` threads.
  /// They are made when they are first needed, and end with the emulator.
  explicit Emulator(unsigned subgroupSize = 32, unsigned hostThreads = 1);
  ~Emulator();

  /// Makes `bytes` bytes at `data` known as memory that kernels may use; `name`
  /// stands in messages. Throws an Error if it overlaps another buffer.
  void registerBuffer(const void *data, size_t bytes, const std::string &name);
  void forgetBuffer(const void *data);

  /// Runs all blocks, and returns when they have ended. Throws the Error of the
  /// first block, in order of their numbers, in which something is wrong.
  /// Launches of several threads follow each other.
  void launch(const EmulatedKernel &kernel, Dim3 grid, Dim3 block,
              void **arguments) const;

  /// The registered buffer that begins at or before `address`.
  struct Buffer {
    uintptr_t begin = 0, end = 0;
    std::string name;
  };
  const Buffer *bufferBefore(uintptr_t address) const;

private:
  struct Workers;
  Workers &workers() const;

  unsigned subgroupSize, hostThreads;
  mutable std::unique_ptr<Workers> kept;
  std::map<uintptr_t, Buffer> buffers; ///< by their beginning
};

} // namespace gpt2
