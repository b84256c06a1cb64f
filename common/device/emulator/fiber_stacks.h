//===- fiber_stacks.h - Stacks of a block's fibers, guarded --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Below each stack lies a page that nobody may use: a fiber that needs more
// than it has is caught there, by a handler of SIGSEGV that runs on a stack of
// its own, before it has touched its neighbour's. Compiled kernels touch each
// page of a large frame in turn (the attribute "probe-stack"), so none steps
// over the guard.
//
// A guarded stack takes two of the process's memory mappings, of which Linux
// gives 65530 by default (vm.max_map_count), and only those of its pages that
// were used take memory.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstddef>
#include <cstdint>

namespace gpt2 {

/// Where a stack lies.
struct StackRange {
  char *bottom = nullptr; ///< the lowest address
  size_t bytes = 0;

  bool holds(uintptr_t address, uint64_t size) const {
    uint64_t offset = address - reinterpret_cast<uintptr_t>(bottom);
    return offset < bytes && size <= bytes - offset;
  }
};

class FiberStacks {
public:
  /// What a fiber has at least.
  static constexpr size_t bytesEach = size_t{32} * 1024;

  FiberStacks() = default;
  ~FiberStacks();
  FiberStacks(const FiberStacks &) = delete;
  FiberStacks &operator=(const FiberStacks &) = delete;

  /// Whether the process could have `wanted` of these and keep enough mappings
  /// for all else.
  bool hasRoomFor(unsigned wanted) const;

  /// Makes `wanted` of them, if there are fewer; no fiber may use one. Throws
  /// an Error if the system gives no more.
  void reserve(unsigned wanted);

  unsigned size() const { return count; }
  StackRange stack(unsigned index) const {
    return {memory + index * stride + guard,
            stride - guard - index % places * placeBytes};
  }
  /// Whether `address` is in a page below one of the stacks.
  bool isGuard(uintptr_t address) const;

private:
  // Fibers of a block are all at the same depth. So that they do not compete
  // for the same lines of the first-level cache, their stacks begin at 16
  // different places of a page; fibers begin at multiples of 256 bytes.
  static constexpr unsigned places = 16;
  static constexpr size_t placeBytes = 256;

  void release();

  char *memory = nullptr; ///< guard, stack, guard, stack, ...
  unsigned count = 0;
  size_t guard = 0;  ///< bytes: a page
  size_t stride = 0; ///< of one stack with its guard
};

/// From here on, a fault in a page of which `isGuard` says that it is a guard
/// calls `onOverflow`, which must not return: it runs on the thread's stack for
/// signals, and whatever the fiber did then is over. Other faults go to who
/// handled them before. To be called once.
void catchOverflows(bool (*isGuard)(uintptr_t address), void (*onOverflow)());

/// Gives this thread a stack for handlers of signals, if it has none.
void ensureSignalStack();

} // namespace gpt2
