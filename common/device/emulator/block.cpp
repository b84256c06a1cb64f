//===- block.cpp - One block of threads, each a fiber ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "device/emulator/block.h"
#include "device/emulator/fiber_annotations.h"
#include "support/error.h"

#include <boost/context/preallocated.hpp>
#include <boost/context/stack_context.hpp>

#include <cstddef>
#include <cstdlib>
#include <mutex>
#include <new>
#include <sstream>

namespace gpt2 {
namespace {

/// The stacks are the block's own: a fiber neither makes nor frees one.
struct NoAllocation {
  void deallocate(boost::context::stack_context &) {}
};

/// Forgets a fiber. If it has not ended, its destructor would unwind its stack,
/// through frames of compiled code that cannot be unwound.
void leave(boost::context::fiber &&left) {
  alignas(boost::context::fiber) std::byte memory[sizeof(left)];
  new (memory) boost::context::fiber(std::move(left));
}

} // namespace

constinit thread_local EmulatedBlock *EmulatedBlock::currentBlock = nullptr;

EmulatedBlock::EmulatedBlock(const Emulator &emulator, unsigned subgroupSize)
    : emulator(emulator), subgroupSize(subgroupSize),
      sharedMemory(nullptr, std::free), races(subgroupSize) {
  static std::once_flag once;
  std::call_once(once, handleOverflows);
}

void EmulatedBlock::prepare(const EmulatedKernel &launched, Dim3 gridSize,
                            Dim3 blockSize, void **launchArguments) {
  kernel = &launched;
  grid = gridSize;
  size = blockSize;
  arguments = launchArguments;
  count = static_cast<unsigned>(size.count());
  stacks.reserve(count);
  unsigned subgroups = (count + subgroupSize - 1) / subgroupSize;
  threads.resize(std::max<size_t>(threads.size(), count));
  products.resize(std::max<size_t>(products.size(), subgroups));
  if (kernel->sharedBytes > sharedCapacity || !sharedMemory) {
    sharedCapacity = (kernel->sharedBytes + 255) / 128 * 128;
    sharedMemory.reset(
        static_cast<char *>(std::aligned_alloc(128, sharedCapacity)));
    if (!sharedMemory)
      fail("emulator: no memory for the ", kernel->sharedBytes,
           " bytes of shared memory of kernel @", kernel->name);
  }
  sharedRange = {reinterpret_cast<uintptr_t>(sharedMemory.get()),
                 static_cast<uint64_t>(kernel->sharedBytes)};
  races.prepare(kernel->sharedBytes, count);
  recentBuffers.fill({}); // which may have been given back
}

Dim3 EmulatedBlock::coordinates(uint64_t index, Dim3 extent) {
  return {static_cast<unsigned>(index % extent.x),
          static_cast<unsigned>(index / extent.x % extent.y),
          static_cast<unsigned>(index / extent.x / extent.y)};
}

std::string EmulatedBlock::where(unsigned thread) const {
  return "thread " + coordinates(thread, size).describe();
}

void EmulatedBlock::start(unsigned thread) {
  StackRange range = stacks.stack(thread);
  forgetFrames(range);
  boost::context::stack_context stack;
  stack.size = range.bytes;
  stack.sp = range.bottom + range.bytes;
  Thread &self = threads[thread];
  self.state = State::Ready;
  self.products = self.loads = 0;
  self.fiber = boost::context::fiber(
      std::allocator_arg,
      boost::context::preallocated(stack.sp, stack.size, stack), NoAllocation(),
      [this](boost::context::fiber &&caller) {
        schedulerStack = haveSwitched(nullptr);
        scheduler = std::move(caller);
        kernel->function(arguments);
        threads[running].state = State::Ended;
        aboutToSwitch(nullptr, schedulerStack);
        return std::move(scheduler);
      });
}

void EmulatedBlock::resume(unsigned thread) {
  running = thread;
  void *kept = nullptr;
  aboutToSwitch(&kept, stacks.stack(thread));
  boost::context::fiber left = std::move(threads[thread].fiber).resume();
  haveSwitched(kept);
  threads[thread].fiber = std::move(left);
}

void EmulatedBlock::wait(State state) {
  threads[running].state = state;
  void *kept = nullptr;
  aboutToSwitch(&kept, schedulerStack);
  scheduler = std::move(scheduler).resume();
  haveSwitched(kept);
}

void EmulatedBlock::stopWith(std::string (*call)(const void *),
                             const void *describe) {
  threads[running].state = State::AtBarrier; // never resumed
  void *kept = nullptr;
  aboutToSwitch(&kept, schedulerStack);
  // The text is made on the scheduler's stack: there may be little of this one
  // left, and what it took there would be lost.
  scheduler =
      std::move(scheduler).resume_with([&](boost::context::fiber &&self) {
        error = where(running) + " " + call(describe);
        return std::move(self);
      });
  __builtin_unreachable();
}

std::optional<std::string> EmulatedBlock::run(uint64_t index) {
  id = coordinates(index, grid);
  error.reset();
  races.barrier();
  ensureSignalStack();
  EmulatedBlock *outer = std::exchange(currentBlock, this);
  for (unsigned thread = 0; thread < count; ++thread)
    start(thread);
  runUntilAllEnd();
  currentBlock = outer;
  if (!error)
    return std::nullopt;
  for (Thread &thread : threads)
    leave(std::move(thread.fiber));
  return std::string("kernel @") + kernel->name + ", block " + id.describe() +
         ": " + *error;
}

/// Every thread runs until it waits or ends; then those whose company is
/// complete go on.
void EmulatedBlock::runUntilAllEnd() {
  for (;;) {
    for (unsigned thread = 0; thread < count; ++thread)
      if (threads[thread].state == State::Ready) {
        resume(thread);
        if (error)
          return;
      }
    if (std::all_of(
            threads.begin(), threads.begin() + count,
            [](const Thread &thread) { return thread.state == State::Ended; }))
      return;
    if (!releaseWaiting()) {
      error = divergence();
      return;
    }
  }
}

bool EmulatedBlock::releaseWaiting() {
  bool goesOn = false;
  for (unsigned first = 0; first < count; first += subgroupSize)
    goesOn |= releaseExchange(first, subgroupEnd(first));
  return goesOn || releaseBarrier();
}

bool EmulatedBlock::releaseExchange(unsigned first, unsigned last) {
  auto atExchange = [&](unsigned thread) {
    return threads[thread].state == State::AtExchange;
  };
  for (unsigned leader = first; leader < last; ++leader) {
    if (!atExchange(leader))
      continue;
    uint64_t mask = threads[leader].mask;
    uint32_t site = threads[leader].site;
    // Those it waits for; without a mask, those that have come where it is.
    auto belongs = [&](unsigned other) {
      if (mask != 0)
        return (mask >> (other - first) & 1) != 0;
      return atExchange(other) && threads[other].mask == 0 &&
             threads[other].site == site;
    };
    bool complete = true;
    released.clear();
    for (unsigned other = first; other < last; ++other)
      if (belongs(other)) {
        complete &= atExchange(other) && threads[other].mask == mask;
        released.push_back(other);
      }
    if (!complete)
      continue;
    for (unsigned other : released) {
      unsigned source = first + threads[other].source;
      bool takesPart = source < last && belongs(source);
      threads[other].received = threads[takesPart ? source : other].given;
    }
    for (unsigned other : released)
      threads[other].state = State::Ready;
    races.exchange(first / subgroupSize);
    return true;
  }
  return false;
}

bool EmulatedBlock::releaseBarrier() {
  auto end = threads.begin() + count;
  if (std::any_of(threads.begin(), end, [](const Thread &thread) {
        return thread.state != State::AtBarrier;
      }))
    return false;
  std::for_each(threads.begin(), end,
                [](Thread &thread) { thread.state = State::Ready; });
  races.barrier();
  return true;
}

std::string EmulatedBlock::divergence() const {
  unsigned waiting = 0;
  while (threads[waiting].state == State::Ended)
    ++waiting;
  const Thread &self = threads[waiting];
  bool atBarrier = self.state == State::AtBarrier;
  unsigned first = subgroupBegin(waiting), last = subgroupEnd(waiting);
  // It waits for the whole block, or for its mask: one thread is missing, or it
  // would have been released.
  auto isMissing = [&](unsigned other) {
    if (atBarrier)
      return threads[other].state != State::AtBarrier;
    return other >= first && other < last &&
           (self.mask >> (other - first) & 1) != 0 &&
           (threads[other].state != State::AtExchange ||
            threads[other].mask != self.mask);
  };
  unsigned missing = 0;
  while (!isMissing(missing))
    ++missing;
  const char *what =
      atBarrier ? "a barrier" : "an exchange within its subgroup";
  const char *does = threads[missing].state == State::Ended ? "has ended"
                     : threads[missing].state == State::AtBarrier
                         ? "waits at a barrier"
                     : atBarrier ? "waits at an exchange within its subgroup"
                                 : "waits at an exchange with other lanes";
  return "divergent barrier: " + where(waiting) + " waits at " + what +
         ", and " + where(missing) + " " + does +
         "; all threads must come to the same one";
}

void EmulatedBlock::barrier() { wait(State::AtBarrier); }

uint32_t EmulatedBlock::exchange(uint32_t value, uint32_t source, uint64_t mask,
                                 uint32_t site) {
  unsigned lanes = subgroupEnd(running) - subgroupBegin(running);
  if (mask != 0 && (mask & ~uint64_t{0} >> (64 - lanes)) == 0)
    stop([&] { // nobody would ever be released
      std::ostringstream text;
      text << "waits at an exchange among the lanes of mask 0x" << std::hex
           << mask << ", of which its subgroup has none: it has lanes 0 to "
           << std::dec << lanes - 1;
      return text.str();
    });
  Thread &self = threads[running];
  self.given = value;
  self.source = source;
  self.mask = mask;
  self.site = site;
  wait(State::AtExchange);
  return self.received;
}

} // namespace gpt2
