//===- block.h - One block of threads, each a fiber ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "device/emulator/emulator.h"
#include "device/emulator/fiber_stacks.h"
#include "device/emulator/intrinsics.h"
#include "device/emulator/matrix_unit.h"
#include "device/emulator/race_detector.h"

#include <boost/context/fiber.hpp>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace gpt2 {

/// Runs blocks, one after another, on one host thread. What it needs for that
/// it keeps from launch to launch.
class EmulatedBlock {
public:
  EmulatedBlock(const Emulator &emulator, unsigned subgroupSize);
  ~EmulatedBlock() { forgetFibers(); }

  /// Whether the process has room for the stacks of `threads` threads.
  bool hasRoomFor(unsigned threads) const { return stacks.hasRoomFor(threads); }

  /// Makes it ready for blocks of a launch. Throws an Error if there is no
  /// memory for the fibers' stacks.
  void prepare(const EmulatedKernel &kernel, Dim3 grid, Dim3 size,
               void **arguments);

  /// Runs block number `index`; returns what went wrong in it, if anything.
  std::optional<std::string> run(uint64_t index);

  /// The block that runs on this host thread.
  static EmulatedBlock &current() { return *currentBlock; }

  // What the running thread asks and does; see intrinsics.def.
  Dim3 threadId() const { return coordinates(running, size); }
  Dim3 blockId() const { return id; }
  Dim3 blockSize() const { return size; }
  Dim3 gridSize() const { return grid; }
  uint32_t lane() const { return running & (subgroupSize - 1); }
  void *shared() { return sharedMemory.get(); }
  void barrier();
  uint32_t exchange(uint32_t value, uint32_t source, uint64_t mask,
                    uint32_t site);
  void multiply(MatrixUnit unit, const uint16_t *a, const uint16_t *b,
                const float *c, float *d);
  void loadMatrices(const void *row, bool isTransposed, uint32_t *parts);
  void check(uintptr_t address, uint64_t bytes, uint32_t alignment,
             Access access) {
    if (bytes == 0)
      return;
    if ((address & (alignment - 1)) != 0)
      stopMisaligned(address, bytes, alignment, access);
    if (sharedRange.holds(address, bytes))
      return checkShared(address - sharedRange.begin, bytes, access);
    for (const Range &buffer : recentBuffers)
      if (buffer.holds(address, bytes))
        return;
    checkBuffer(address, bytes, access);
  }

private:
  enum class State : uint8_t { Ready, AtBarrier, AtExchange, Ended };
  struct Thread {
    /// Where it waits: in the kernel, or for another block's; none if it runs
    /// or has not been needed.
    boost::context::fiber fiber;
    /// Of its exchange: what it gives, and gets.
    uint32_t given = 0, source = 0, site = 0, received = 0;
    uint64_t mask = 0;
    uint32_t products = 0; ///< of matrices, so far
    /// Of a matrix that the subgroup loads, in turn as its products.
    std::array<std::array<uint16_t, 8>, 2> rows{};
    uint32_t loads = 0; ///< of matrices, so far
  };
  /// Two matrices that a subgroup multiplies.
  struct Product {
    float a[16][16], b[16][16];
  };
  /// Bytes that kernels may use.
  struct Range {
    uintptr_t begin = 0, bytes = 0;

    bool holds(uintptr_t address, uint64_t size) const {
      return address - begin < bytes && size <= bytes - (address - begin);
    }
  };

  template <typename Index> static Dim3 coordinates(Index index, Dim3 extent) {
    return {static_cast<unsigned>(index % extent.x),
            static_cast<unsigned>(index / extent.x % extent.y),
            static_cast<unsigned>(index / extent.x / extent.y)};
  }
  std::string where(unsigned thread) const;
  unsigned subgroupBegin(unsigned thread) const {
    return thread & ~(subgroupSize - 1);
  }
  unsigned subgroupEnd(unsigned thread) const {
    return std::min(subgroupBegin(thread) + subgroupSize, count);
  }
  void start(unsigned thread);
  void forgetFibers();
  void runUntilAllEnd();
  bool releaseWaiting();
  /// The first ready thread from `thread` on; `count` if there is none.
  unsigned readyFrom(unsigned thread) const {
    auto begin = states.begin(), end = begin + count;
    return static_cast<unsigned>(std::find(begin + thread, end, State::Ready) -
                                 begin);
  }
  bool areAll(State state) const {
    return std::all_of(states.begin(), states.begin() + count,
                       [&](State other) { return other == state; });
  }
  void arrive(boost::context::fiber &&before, void *kept);
  void switchTo(unsigned thread, boost::context::fiber &own);
  /// Lets others go on until the state is Ready.
  void wait(State state);
  bool releaseExchange(unsigned first, unsigned last);
  bool releaseBarrier();
  std::string divergence() const;
  /// Ends the block with the running thread's error, which `describe` returns.
  template <typename Describe> [[noreturn]] void stop(Describe describe) {
    stopWith(
        [](const void *call) {
          return (*static_cast<const Describe *>(call))();
        },
        &describe);
  }
  [[noreturn]] void stopWith(std::string (*call)(const void *),
                             const void *describe);
  [[noreturn]] void stopMisaligned(uintptr_t address, uint64_t bytes,
                                   uint32_t alignment, Access access);
  static void handleOverflows();
  void checkSharedSlowly(uint64_t offset, uint64_t bytes, Access access);
  void checkShared(uint64_t offset, uint64_t bytes, Access access) {
    if (!races.note(offset, bytes, running, access))
      checkSharedSlowly(offset, bytes, access);
  }
  void checkBuffer(uintptr_t address, uint64_t bytes, Access access);
  std::string outOfBounds(uintptr_t address, uint64_t bytes,
                          Access access) const;

  /// Asked at every access: at a fixed distance from the host thread's own
  /// data.
  [[gnu::tls_model("initial-exec")]] static constinit thread_local EmulatedBlock
      *currentBlock;

  const Emulator &emulator;
  const unsigned subgroupSize; ///< a power of two

  // Of the launch.
  const EmulatedKernel *kernel = nullptr;
  Dim3 grid, size;
  void **arguments = nullptr;
  unsigned count = 0; ///< threads
  Range sharedRange;
  std::array<Range, 4> recentBuffers; ///< that were used
  unsigned oldestBuffer = 0;          ///< of them

  // Kept from launch to launch, as large as the largest needed.
  std::vector<Thread> threads;
  std::vector<State> states; ///< of the threads
  /// Of each subgroup two, in turn: some lanes may be at the next product when
  /// others still read this one.
  std::vector<std::array<Product, 2>> products;
  FiberStacks stacks;
  std::unique_ptr<char, void (*)(void *)> sharedMemory;
  int64_t sharedCapacity = 0; ///< bytes
  RaceDetector races;

  // Of the block.
  boost::context::fiber scheduler;
  StackRange schedulerStack;             ///< known to AddressSanitizer only
  boost::context::fiber *left = nullptr; ///< whose place was switched from last
  Dim3 id;
  unsigned running = 0;
  std::vector<unsigned> released; ///< scratch of releaseExchange()
  std::optional<std::string> error;
};

} // namespace gpt2
