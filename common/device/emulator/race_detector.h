//===- race_detector.h - Who used shared memory since the last barrier --===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A race is a use of a byte by two threads, one of them writing, that nothing
// orders: neither a barrier of the block nor, within a subgroup, an exchange.
//
// Of each granule of shared memory three uses are kept: the last write, and two
// reads. Two are enough to find every write that races with any read: they are
// of two subgroups if such there are, and then each other thread's write races
// with one of them; else of two lanes of one subgroup that nothing orders, and
// then each other thread's write races with one of them or with none.
//
// A granule is as large as all uses of the launch allow so far, 16 bytes or
// fewer: kernels that use whole f32 pay for words, those that use single bf16
// for halves of words, and neighbours in a word are never taken for one place.
//
// The cost: 24 bytes for each granule, and a few comparisons for each granule
// of a use. Nothing is cleared at a barrier or between blocks, since uses have
// times.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "device/emulator/intrinsics.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace gpt2 {

class RaceDetector {
public:
  /// With `subgroupSize` lanes a subgroup, 32 or 64.
  explicit RaceDetector(unsigned subgroupSize);

  /// For blocks of `threads` threads that share `bytes` bytes.
  void prepare(size_t bytes, unsigned threads);

  /// All threads of the block have come to a barrier, or it begins.
  void barrier() { lastBarrier = ++now; }
  /// Lanes of `subgroup` have made an exchange.
  void exchange(unsigned subgroup) { lastExchange[subgroup] = ++now; }

  /// What another thread has done with one of the bytes.
  struct Race {
    unsigned thread;
    Access access;
  };
  /// Notes that `thread` uses `bytes` bytes from `offset` on; or else returns
  /// with what that races.
  std::optional<Race> use(size_t offset, size_t bytes, unsigned thread,
                          Access access);

private:
  /// A thread and the time when it used the granule; 0 for none.
  using Use = uint64_t;
  static constexpr int threadBits = 16; ///< the time stands above
  using Pair = std::array<Use, 2>;
  struct Granule {
    Use write = 0;
    Pair reads{};
  };

  static unsigned threadOf(Use use) {
    return static_cast<unsigned>(use & ((1 << threadBits) - 1));
  }
  unsigned subgroupOf(Use use) const { return threadOf(use) >> subgroupShift; }
  bool isPast(Use use) const { return use >> threadBits < lastBarrier; }
  /// Whether that subgroup has made an exchange since.
  bool isBeforeExchange(Use use) const {
    return use >> threadBits < lastExchange[subgroupOf(use)];
  }
  bool races(Use earlier, Use use) const;
  void keep(Pair &uses, Use use) const;
  std::optional<Race> findRace(size_t granule, Use use, Access access) const;
  void refine(size_t places);

  const unsigned subgroupShift;       ///< log2 of lanes
  unsigned granuleShift = 4;          ///< log2 of bytes
  uint64_t now = 0, lastBarrier = 0;  ///< times
  std::vector<uint64_t> lastExchange; ///< of each subgroup
  std::vector<Granule> granules;
  /// Of each granule two atomic uses, kept as reads are; empty until the launch
  /// has one.
  std::vector<Pair> atomics;
};

} // namespace gpt2
