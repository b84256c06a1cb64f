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
  if (stacks.size() < count) {
    forgetFibers();
    stacks.reserve(count);
  }
  unsigned subgroups = (count + subgroupSize - 1) / subgroupSize;
  threads.resize(std::max<size_t>(threads.size(), count));
  states.resize(threads.size(), State::Ended);
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

std::string EmulatedBlock::where(unsigned thread) const {
  return "thread " + coordinates(thread, size).describe();
}

/// Makes a thread ready. Its fiber runs the kernel for one block after another.
void EmulatedBlock::start(unsigned thread) {
  Thread &self = threads[thread];
  states[thread] = State::Ready;
  self.products = self.loads = 0;
  if (self.fiber)
    return;
  StackRange range = stacks.stack(thread);
  forgetFrames(range);
  boost::context::stack_context stack;
  stack.size = range.bytes;
  stack.sp = range.bottom + range.bytes;
  self.fiber = boost::context::fiber(
      std::allocator_arg,
      boost::context::preallocated(stack.sp, stack.size, stack), NoAllocation(),
      [this](boost::context::fiber &&before) -> boost::context::fiber {
        arrive(std::move(before), nullptr);
        for (;;) {
          kernel->function(arguments);
          wait(State::Ended);
        }
      });
}

/// Gives up what fibers still had to do, and their stacks.
void EmulatedBlock::forgetFibers() {
  for (Thread &thread : threads)
    leave(std::move(thread.fiber));
}

/// Where a fiber goes on: keeps the one that was switched from.
void EmulatedBlock::arrive(boost::context::fiber &&before, void *kept) {
  StackRange stack = haveSwitched(kept);
  if (left == &scheduler)
    schedulerStack = stack;
  *left = std::move(before);
}

/// Goes on with a thread, or with the scheduler if it is `count`, and returns
/// when somebody switches to `own`. Threads switch to each other: that is half
/// as many switches as by way of the scheduler, and threads that wait at one
/// place of a kernel return from the same calls, as the CPU predicts.
void EmulatedBlock::switchTo(unsigned thread, boost::context::fiber &own) {
  bool isThread = thread < count;
  if (isThread)
    running = thread;
  left = &own;
  void *kept = nullptr;
  aboutToSwitch(&kept, isThread ? stacks.stack(thread) : schedulerStack);
  arrive(std::move(isThread ? threads[thread].fiber : scheduler).resume(),
         kept);
}

void EmulatedBlock::wait(State state) {
  unsigned self = running;
  states[self] = state;
  switchTo(readyFrom(self + 1), threads[self].fiber);
}

void EmulatedBlock::stopWith(std::string (*call)(const void *),
                             const void *describe) {
  states[running] = State::AtBarrier; // never resumed
  left = &threads[running].fiber;
  void *kept = nullptr;
  aboutToSwitch(&kept, schedulerStack);
  // The text is made on the scheduler's stack: there may be little of this one
  // left, and what it took there would be lost.
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
  forgetFibers();
  return std::string("kernel @") + kernel->name + ", block " + id.describe() +
         ": " + *error;
}

/// Every thread runs until it waits or ends; then those whose company is
/// complete go on.
void EmulatedBlock::runUntilAllEnd() {
  for (;;) {
    switchTo(readyFrom(0), scheduler);
    if (error || areAll(State::Ended))
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
    return states[thread] == State::AtExchange;
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
      states[other] = State::Ready;
    races.exchange(first / subgroupSize);
    return true;
  }
  return false;
}

bool EmulatedBlock::releaseBarrier() {
  if (!areAll(State::AtBarrier))
    return false;
  std::fill_n(states.begin(), count, State::Ready);
  races.barrier();
  return true;
}

std::string EmulatedBlock::divergence() const {
  unsigned waiting = 0;
  while (states[waiting] == State::Ended)
    ++waiting;
  const Thread &self = threads[waiting];
  bool atBarrier = states[waiting] == State::AtBarrier;
  unsigned first = subgroupBegin(waiting), last = subgroupEnd(waiting);
  // It waits for the whole block, or for its mask: one thread is missing, or it
  // would have been released.
  auto isMissing = [&](unsigned other) {
    if (atBarrier)
      return states[other] != State::AtBarrier;
    return other >= first && other < last &&
           (self.mask >> (other - first) & 1) != 0 &&
           (states[other] != State::AtExchange ||
            threads[other].mask != self.mask);
  };
  unsigned missing = 0;
  while (!isMissing(missing))
    ++missing;
  const char *what =
      atBarrier ? "a barrier" : "an exchange within its subgroup";
  const char *does = states[missing] == State::Ended ? "has ended"
                     : states[missing] == State::AtBarrier
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
