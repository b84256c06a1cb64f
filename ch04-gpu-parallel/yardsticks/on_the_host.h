//===- on_the_host.h - CUDA C++ for the emulator ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What kernels.cu needs of CUDA C++, so that a compiler for the CPU takes it
// and the emulator runs it: included before it, by its test. A block's threads
// are fibers of one thread, so what is thread_local is theirs together.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "device/emulator/intrinsics.h"

#include <bit>
#include <cmath>

#define __global__
#define __device__
#define __shared__ static thread_local

inline int warpSize = 32;

template <uint32_t (*ask)(uint32_t), uint32_t dimension> struct Coordinate {
  operator int() const { return static_cast<int>(ask(dimension)); }
};
template <uint32_t (*ask)(uint32_t)> struct Coordinates {
  Coordinate<ask, 0> x;
  Coordinate<ask, 1> y;
  Coordinate<ask, 2> z;
};
inline constexpr Coordinates<gpt2_emulator_thread_id> threadIdx{};
inline constexpr Coordinates<gpt2_emulator_block_id> blockIdx{};
inline constexpr Coordinates<gpt2_emulator_block_size> blockDim{};

struct alignas(16) float4 {
  float x, y, z, w;
};

inline void __syncthreads() { gpt2_emulator_barrier(); }

/// All lanes take part, 32 or 64.
inline float __shfl_xor_sync(unsigned, float value, int mask) {
  return std::bit_cast<float>(gpt2_emulator_exchange(
      std::bit_cast<uint32_t>(value),
      gpt2_emulator_lane() ^ static_cast<uint32_t>(mask),
      warpSize == 64 ? ~uint64_t{0} : 0xffffffff, /*site=*/0));
}

inline float rsqrtf(float x) { return 1 / std::sqrt(x); }
