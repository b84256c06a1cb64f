//===- host_kernels.h - C++ functions as kernels of the emulator --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// They call what compiled kernels call.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "device/emulator/emulator.h"
#include "device/emulator/intrinsics.h"
#include "testing/test_files.h"

#include <vector>

namespace gpt2::testing {

inline uint32_t threadX() { return gpt2_emulator_thread_id(0); }

/// An exchange among all 32 lanes.
inline uint32_t exchangeAll(uint32_t value, uint32_t source) {
  return gpt2_emulator_exchange(value, source, 0xffffffff, 0);
}

/// Announces a use of the memory at `address`.
inline void announce(const void *address, uint64_t bytes, Access access) {
  gpt2_emulator_check(address, bytes, 1, static_cast<uint32_t>(access));
}

/// The same of the block's shared memory.
inline void announceShared(uint64_t offset, uint64_t bytes, Access access) {
  announce(static_cast<char *>(gpt2_emulator_shared()) + offset, bytes, access);
}

/// Element `index` of the array that is the kernel's first argument.
template <typename T> T &at(void **arguments, uint64_t index) {
  return (*static_cast<T **>(arguments[0]))[index];
}

/// Runs `function` on `data`.
template <typename T>
void launch(const Emulator &emulator, void (*function)(void **),
            std::vector<T> &data, Dim3 grid, Dim3 block,
            int64_t sharedBytes = 0) {
  T *pointer = data.data();
  void *arguments[] = {&pointer};
  emulator.launch({"k", function, sharedBytes}, grid, block, arguments);
}

/// Runs `function` without data.
inline void launch(void (*function)(void **), Dim3 grid, Dim3 block,
                   int64_t sharedBytes = 0) {
  std::vector<int> none(1);
  launch(Emulator(), function, none, grid, block, sharedBytes);
}

/// The message of a launch that must fail; its argument is a buffer of eight
/// f32, %x.
inline std::string launchErrorOf(void (*function)(void **), Dim3 grid,
                                 Dim3 block, int64_t sharedBytes = 0,
                                 unsigned hostThreads = 1) {
  std::vector<float> data(8, 0);
  Emulator emulator(32, hostThreads);
  emulator.registerBuffer(data.data(), 32, "%x");
  return errorOf(
      [&] { launch(emulator, function, data, grid, block, sharedBytes); });
}

} // namespace gpt2::testing
