//===- block.cpp - One block of threads, each a fiber ----------===//
#include "device/emulator/block.h"

#include <boost/context/preallocated.hpp>
#include <boost/context/stack_context.hpp>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <sstream>

namespace gpt2 {
namespace {

// An odd multiple of 64 bytes: stacks of neighbours, which all are at the same
// depth, do not compete for the same lines of the first-level cache.
constexpr size_t stackBytes = 32 * 1024 + 64;

thread_local EmulatedBlock *currentBlock = nullptr;

/// The stacks are the block's own: a fiber neither makes nor frees one.
struct NoAllocation {
  void deallocate(boost::context::stack_context &) {}
};

} // namespace

EmulatedBlock::EmulatedBlock(const Emulator &emulator, unsigned subgroupSize,
                             const EmulatedKernel &kernel, Dim3 grid, Dim3 size,
                             void **arguments)
    : emulator(emulator), subgroupSize(subgroupSize), kernel(kernel),
      grid(grid), size(size), arguments(arguments),
      count(static_cast<unsigned>(size.count())), threads(count),
      exchanges((count + subgroupSize - 1) / subgroupSize),
      products(exchanges.size()), stacks(new char[count * stackBytes]),
      sharedMemory(static_cast<char *>(std::aligned_alloc(
                       128, (kernel.sharedBytes + 255) / 128 * 128)),
                   std::free),
      words((kernel.sharedBytes + 3) / 4) {}

EmulatedBlock &EmulatedBlock::current() { return *currentBlock; }

Dim3 EmulatedBlock::coordinates(uint64_t index, Dim3 extent) {
  return {static_cast<unsigned>(index % extent.x),
          static_cast<unsigned>(index / extent.x % extent.y),
          static_cast<unsigned>(index / extent.x / extent.y)};
}

std::string EmulatedBlock::where(unsigned thread) const {
  return "thread " + coordinates(thread, size).describe();
}

void EmulatedBlock::start(unsigned thread) {
  char *bottom = stacks.get() + thread * stackBytes;
  boost::context::stack_context stack;
  stack.size = stackBytes;
  stack.sp = bottom + stackBytes;
  threads[thread].state = State::Ready;
  threads[thread].fiber = boost::context::fiber(
      std::allocator_arg,
      boost::context::preallocated(stack.sp, stack.size, stack), NoAllocation(),
      [this](boost::context::fiber &&caller) {
        scheduler = std::move(caller);
        kernel.function(arguments);
        threads[running].state = State::Ended;
        return std::move(scheduler);
      });
}

void EmulatedBlock::resume(unsigned thread) {
  running = thread;
  boost::context::fiber left = std::move(threads[thread].fiber).resume();
  threads[thread].fiber = std::move(left);
}

void EmulatedBlock::wait(State state) {
  threads[running].state = state;
  scheduler = std::move(scheduler).resume();
}

std::optional<std::string> EmulatedBlock::run(uint64_t index) {
  id = coordinates(index, grid);
  barriers = 0;
  std::fill(words.begin(), words.end(), Word());
  for (unsigned thread = 0; thread < count; ++thread)
    start(thread);
  EmulatedBlock *outer = std::exchange(currentBlock, this);
  bool live = true;
  while (live && !error) {
    // Every thread runs until it waits or ends; then those whose company is
    // complete go on.
    for (unsigned thread = 0; thread < count && !error; ++thread)
      if (threads[thread].state == State::Ready)
        resume(thread);
    if (error)
      break;
    bool goesOn = false;
    for (unsigned first = 0; first < count; first += subgroupSize)
      goesOn |= releaseExchange(first, std::min(first + subgroupSize, count));
    goesOn = goesOn || releaseBarrier();
    live = std::any_of(threads.begin(), threads.end(),
                       [](const Thread &t) { return t.state != State::Ended; });
    if (live && !goesOn)
      error = divergence();
  }
  currentBlock = outer;
  if (!error)
    return std::nullopt;
  // Fibers that have not ended would unwind their stacks, through frames of
  // compiled code that cannot be unwound: they are left as they are. What an
  // error's message took there is lost.
  for (Thread &thread : threads)
    if (thread.fiber)
      new boost::context::fiber(std::move(thread.fiber));
  return std::string("kernel @") + kernel.name + ", block " + id.describe() +
         ": " + *error;
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
    ++exchanges[first / subgroupSize];
    return true;
  }
  return false;
}

bool EmulatedBlock::releaseBarrier() {
  for (const Thread &thread : threads)
    if (thread.state != State::AtBarrier)
      return false;
  for (Thread &thread : threads)
    thread.state = State::Ready;
  ++barriers;
  return true;
}

std::string EmulatedBlock::divergence() const {
  unsigned waiting = 0;
  while (threads[waiting].state == State::Ended)
    ++waiting;
  const Thread &self = threads[waiting];
  bool atBarrier = self.state == State::AtBarrier;
  unsigned first = waiting / subgroupSize * subgroupSize;
  // It waits for the whole block, or for its mask: one thread is missing, or it
  // would have been released.
  auto isMissing = [&](unsigned other) {
    if (atBarrier)
      return threads[other].state != State::AtBarrier;
    return other >= first && other < first + subgroupSize &&
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
  Thread &self = threads[running];
  self.given = value;
  self.source = source;
  self.mask = mask;
  self.site = site;
  wait(State::AtExchange);
  return self.received;
}

void EmulatedBlock::multiply(MatrixUnit unit, const uint16_t *a,
                             const uint16_t *b, const float *c, float *d) {
  Thread &self = threads[running];
  auto lane = static_cast<int>(running % subgroupSize);
  Product &product = products[running / subgroupSize][self.products++ % 2];
  MatrixShape shape = shapeOf(unit);
  for (int i = 0; i < shape.a; ++i) {
    auto [row, column] = placeInA(unit, lane, i);
    product.a[row][column] = std::bit_cast<float>(uint32_t{a[i]} << 16);
  }
  for (int i = 0; i < shape.b; ++i) {
    auto [row, column] = placeInB(unit, lane, i);
    product.b[row][column] = std::bit_cast<float>(uint32_t{b[i]} << 16);
  }
  // Every lane has brought its part when all have come.
  uint64_t all = ~uint64_t{0} >> (64 - subgroupSize);
  exchange(0, 0, all, 0);
  for (int i = 0; i < shape.c; ++i) {
    auto [row, column] = placeInC(unit, lane, i);
    float sum = c[i];
    for (int k = 0; k < 16; ++k)
      sum += product.a[row][k] * product.b[k][column];
    d[i] = sum;
  }
}

void EmulatedBlock::loadMatrices(const void *row, bool isTransposed,
                                 uint32_t *parts) {
  Thread &self = threads[running];
  check(reinterpret_cast<uintptr_t>(row), 16, 16, /*isWrite=*/false);
  uint32_t turn = self.loads++ % 2;
  std::memcpy(self.rows[turn].data(), row, 16);
  exchange(0, 0, ~uint64_t{0} >> (64 - subgroupSize), 0);
  unsigned first = running - running % subgroupSize;
  unsigned lane = running % subgroupSize;
  for (unsigned matrix = 0; matrix < 4; ++matrix) {
    auto at = [&](unsigned i, unsigned j) -> uint32_t {
      return threads[first + 8 * matrix + i].rows[turn][j];
    };
    unsigned i = lane / 4, j = lane % 4 * 2;
    parts[matrix] = isTransposed ? at(j, i) | at(j + 1, i) << 16
                                 : at(i, j) | at(i, j + 1) << 16;
  }
}

void EmulatedBlock::stop(const std::string &what) {
  error = where(running) + " " + what;
  for (;;) // never resumed
    wait(State::AtBarrier);
}

void EmulatedBlock::check(uintptr_t address, uint32_t bytes, uint32_t alignment,
                          bool isWrite) {
  const char *does = isWrite ? "writes " : "reads ";
  if (address % alignment != 0) {
    std::ostringstream text;
    text << does << bytes << " bytes at 0x" << std::hex << address
         << ", which is not a multiple of " << std::dec << alignment;
    stop(text.str());
  }
  auto shared = reinterpret_cast<uintptr_t>(sharedMemory.get());
  if (address >= shared && address + bytes <= shared + kernel.sharedBytes)
    return checkShared(address - shared, bytes, isWrite);
  if (address >= lastBuffer.begin && address + bytes <= lastBuffer.end)
    return;
  // Stacks belong to the threads.
  auto stack = reinterpret_cast<uintptr_t>(stacks.get());
  if (address >= stack && address + bytes <= stack + count * stackBytes)
    return;
  const Emulator::Buffer *buffer = emulator.bufferBefore(address);
  if (buffer && address + bytes <= buffer->end) {
    lastBuffer = *buffer;
    return;
  }
  std::ostringstream text;
  text << does << bytes << " bytes out of bounds: ";
  if (!buffer)
    text << "no buffer is there (address 0x" << std::hex << address << ")";
  else
    text << address - buffer->end << " bytes behind the end of " << buffer->name
         << ", which has " << buffer->end - buffer->begin;
  stop(text.str());
}

bool EmulatedBlock::conflicts(const Use &use) const {
  if (use.barriers != barriers || use.thread == running)
    return false;
  // Lanes of a subgroup are also kept in step by their exchanges.
  bool sameSubgroup = use.thread / subgroupSize == running / subgroupSize;
  return !sameSubgroup || use.exchanges == exchanges[running / subgroupSize];
}

void EmulatedBlock::checkShared(size_t offset, uint32_t bytes, bool isWrite) {
  Use use{running, barriers, exchanges[running / subgroupSize]};
  for (size_t word = offset / 4; word <= (offset + bytes - 1) / 4; ++word) {
    Word &uses = words[word];
    const Use *other = conflicts(uses.write) ? &uses.write : nullptr;
    if (isWrite && conflicts(uses.read))
      other = &uses.read;
    if (other)
      stop(std::string(isWrite ? "writes" : "reads") +
           " shared memory at byte " + std::to_string(offset) + ", which " +
           where(other->thread) +
           (other == &uses.write ? " has written" : " has read") +
           " since the last barrier: a race");
    (isWrite ? uses.write : uses.read) = use;
  }
}

} // namespace gpt2
