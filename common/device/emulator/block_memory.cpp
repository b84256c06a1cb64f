//===- block_memory.cpp - What a block's threads may use -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "device/emulator/block.h"

#include <sstream>

namespace gpt2 {
namespace {

const char *does(Access access) {
  return access == Access::Read    ? "reads "
         : access == Access::Write ? "writes "
                                   : "updates ";
}

const char *hasDone(Access access) {
  return access == Access::Read    ? " has read"
         : access == Access::Write ? " has written"
                                   : " has updated";
}

} // namespace

void EmulatedBlock::stopMisaligned(uintptr_t address, uint64_t bytes,
                                   uint32_t alignment, Access access) {
  stop([&] {
    std::ostringstream text;
    text << does(access) << bytes << " bytes at 0x" << std::hex << address
         << ", which is not a multiple of " << std::dec << alignment;
    return text.str();
  });
}

void EmulatedBlock::checkSharedSlowly(uint64_t offset, uint64_t bytes,
                                      Access access) {
  if (auto race = races.use(offset, bytes, running, access))
    stop([&] {
      return does(access) +
             ("shared memory at byte " + std::to_string(offset)) + ", which " +
             where(race->thread) + hasDone(race->access) +
             " since the last barrier: a race";
    });
}

/// What is neither shared memory nor in a buffer that was used of late.
void EmulatedBlock::checkBuffer(uintptr_t address, uint64_t bytes,
                                Access access) {
  if (stacks.stack(running).holds(address, bytes))
    return;
  const Emulator::Buffer *buffer = emulator.bufferBefore(address);
  if (buffer) {
    Range range{buffer->begin, buffer->end - buffer->begin};
    if (range.holds(address, bytes)) {
      recentBuffers[oldestBuffer++ % recentBuffers.size()] = range;
      return;
    }
  }
  stop([&] { return outOfBounds(address, bytes, access); });
}

std::string EmulatedBlock::outOfBounds(uintptr_t address, uint64_t bytes,
                                       Access access) const {
  std::ostringstream text;
  text << does(access) << bytes << " bytes out of bounds: ";
  const Emulator::Buffer *buffer = emulator.bufferBefore(address);
  uint64_t begin = sharedRange.begin, size = sharedRange.bytes;
  std::string name = "the block's shared memory";
  bool isShared = address - begin < static_cast<uint64_t>(sharedCapacity);
  if (!isShared && buffer) {
    begin = buffer->begin;
    size = buffer->end - begin;
    name = buffer->name;
  }
  if (!isShared && !buffer)
    text << "no buffer is there (address 0x" << std::hex << address << ")";
  else if (address >= begin + size)
    text << address - (begin + size) << " bytes behind the end of " << name
         << ", which has " << size;
  else
    text << "from byte " << address - begin << " of " << name << ", which has "
         << size;
  return text.str();
}

void EmulatedBlock::handleOverflows() {
  catchOverflows(
      [](uintptr_t address) {
        return currentBlock && currentBlock->stacks.isGuard(address);
      },
      [] {
        currentBlock->stop([] {
          return "overflows its stack of " +
                 std::to_string(FiberStacks::bytesEach / 1024) +
                 " KB, which is all that the emulator gives a thread: the "
                 "kernel's own variables are too large; keep them in shared "
                 "memory or in a buffer, or make them smaller";
        });
      });
}

} // namespace gpt2
