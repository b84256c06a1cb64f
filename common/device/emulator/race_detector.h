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
  void barrier() { lastBarrier = now += oneTime; }
  /// Lanes of `subgroup` have made an exchange.
  void exchange(unsigned subgroup) { lastExchange[subgroup] = now += oneTime; }

  /// What another thread has done with one of the bytes.
  struct Race {
    unsigned thread;
    Access access;
  };
  /// Notes that `thread` uses `bytes` bytes from `offset` on, one at least; or
  /// else returns with what that races.
  std::optional<Race> use(size_t offset, size_t bytes, unsigned thread,
                          Access access) {
    if (note(offset, bytes, thread, access))
      return std::nullopt;
    // What the first granules have noted is the same when noted again.
    return useSlowly(offset, bytes, thread, access);
  }
  /// The same for most uses that race with none, and quicker; false if use()
  /// must be asked.
  bool note(size_t offset, size_t bytes, unsigned thread, Access access) {
    if (access == Access::Atomic || ((offset | bytes) & unusual) != 0)
      return false;
    Use use = now | thread;
    Granule *granule = &granules[offset >> granuleShift];
    Granule *end = granule + (bytes >> granuleShift);
    do {
      if (!note(*granule, use, access))
        return false;
    } while (++granule != end);
    return true;
  }

private:
  /// A thread and, above it, the time when it used the granule; 0 for none.
  using Use = uint64_t;
  static constexpr Use oneTime = 1 << 16;
  using Pair = std::array<Use, 2>;
  struct Granule {
    Use write = 0;
    Pair reads{};
  };

  static unsigned threadOf(Use use) {
    return static_cast<unsigned>(use % oneTime);
  }
  unsigned subgroupOf(Use use) const { return threadOf(use) >> subgroupShift; }
  bool isPast(Use use) const { return use < lastBarrier; }
  /// Whether the subgroup of both has made an exchange in between.
  bool isBeforeExchange(Use earlier, Use use) const {
    return earlier < lastExchange[subgroupOf(use)];
  }
  bool areOfOneSubgroup(Use one, Use other) const {
    return ((one ^ other) & subgroupBits) == 0;
  }
  bool races(Use earlier, Use use) const {
    if (isPast(earlier) || threadOf(earlier) == threadOf(use))
      return false;
    return !areOfOneSubgroup(earlier, use) || !isBeforeExchange(earlier, use);
  }
  bool note(Granule &kept, Use use, Access access) const;
  void keep(Pair &uses, Use use) const;
  std::optional<Race> findRace(size_t granule, Use use, Access access) const;
  std::optional<Race> useSlowly(size_t offset, size_t bytes, unsigned thread,
                                Access access);
  void refine(size_t places);

  const unsigned subgroupShift; ///< log2 of lanes
  const Use subgroupBits;       ///< of a thread
  unsigned granuleShift = 4;    ///< log2 of bytes
  /// The bits of places that a use has only if granules must be smaller; all of
  /// them if the launch has an atomic use.
  size_t unusual = 0;
  Use now = 0, lastBarrier = 0;  ///< times, of thread 0
  std::vector<Use> lastExchange; ///< of each subgroup
  size_t count = 0;              ///< granules
  /// Of this launch and, behind `count`, of earlier ones.
  std::vector<Granule> granules;
  /// Of each granule two atomic uses, kept as reads are; empty until the launch
  /// has one.
  std::vector<Pair> atomics;
};

/// Adds a use to those that do not race with each other.
inline void RaceDetector::keep(Pair &uses, Use use) const {
  auto &[first, second] = uses;
  if (isPast(first)) {
    uses = {use, 0};
    return;
  }
  if (!isPast(second) && !areOfOneSubgroup(first, second))
    return; // whoever writes now, there is another
  if (!areOfOneSubgroup(first, use)) {
    second = use;
    return;
  }
  // What races with an earlier use of a subgroup also races with this one.
  if (isBeforeExchange(first, use))
    uses = {use, 0};
  else if (threadOf(first) == threadOf(use))
    first = use;
  else if (isPast(second))
    second = use;
}

/// Notes a read or a write, unless it races with one.
inline bool RaceDetector::note(Granule &kept, Use use, Access access) const {
  if (races(kept.write, use))
    return false;
  if (access == Access::Read) {
    keep(kept.reads, use);
    return true;
  }
  if (races(kept.reads[0], use) || races(kept.reads[1], use))
    return false;
  kept.write = use;
  return true;
}

} // namespace gpt2
