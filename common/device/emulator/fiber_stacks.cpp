//===- fiber_stacks.cpp - Stacks of a block's fibers, guarded ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "device/emulator/fiber_stacks.h"
#include "device/emulator/fiber_annotations.h"
#include "support/error.h"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <memory>

#include <sys/mman.h>
#include <unistd.h>

namespace gpt2 {
namespace {

/// Stacks of all emulators of the process; two mappings each.
std::atomic<unsigned> stacksInUse = 0;
constexpr unsigned maxStacks = 24 * 1024;

/// A thread's stack for handlers of signals.
class SignalStack {
public:
  SignalStack() {
    stack_t present{};
    sigaltstack(nullptr, &present);
    if (!(present.ss_flags & SS_DISABLE))
      return; // somebody gave it one
    memory = std::make_unique<char[]>(bytes);
    stack_t own{};
    own.ss_sp = memory.get();
    own.ss_size = bytes;
    sigaltstack(&own, nullptr);
  }
  ~SignalStack() {
    stack_t present{};
    sigaltstack(nullptr, &present);
    if (!memory || present.ss_sp != memory.get())
      return;
    present.ss_flags = SS_DISABLE;
    sigaltstack(&present, nullptr);
  }
  SignalStack(const SignalStack &) = delete;
  SignalStack &operator=(const SignalStack &) = delete;

private:
  static constexpr size_t bytes = size_t{64} * 1024;
  std::unique_ptr<char[]> memory;
};

struct sigaction handlerBefore;
bool (*isGuardPage)(uintptr_t address);
void (*onOverflowOfStack)();

void handleFault(int number, siginfo_t *info, void *context) {
  if (isGuardPage(reinterpret_cast<uintptr_t>(info->si_addr)))
    onOverflowOfStack();
  if (handlerBefore.sa_flags & SA_SIGINFO)
    return handlerBefore.sa_sigaction(number, info, context);
  if (handlerBefore.sa_handler != SIG_DFL &&
      handlerBefore.sa_handler != SIG_IGN)
    return handlerBefore.sa_handler(number);
  // The instruction faults again, and that ends the process.
  std::signal(number, SIG_DFL);
  if (info->si_code <= 0) // somebody sent it: no instruction is at fault
    std::raise(number);
}

} // namespace

FiberStacks::~FiberStacks() { release(); }

void FiberStacks::release() {
  if (!memory)
    return;
  for (unsigned i = 0; i < count; ++i)
    forgetFrames(stack(i));
  munmap(memory, count * stride);
  stacksInUse -= count;
  memory = nullptr;
  count = 0;
}

bool FiberStacks::hasRoomFor(unsigned wanted) const {
  return wanted <= count || stacksInUse - count + wanted <= maxStacks;
}

void FiberStacks::reserve(unsigned wanted) {
  if (wanted <= count)
    return;
  release();
  guard = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  size_t needed = bytesEach + places * placeBytes;
  stride = (needed + guard - 1) / guard * guard + guard;
  void *mapped = mmap(nullptr, wanted * stride, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  bool isMapped = mapped != MAP_FAILED, isGuarded = isMapped;
  auto *begin = static_cast<char *>(mapped);
  for (unsigned i = 0; i < wanted && isGuarded; ++i)
    isGuarded = mprotect(begin + i * stride, guard, PROT_NONE) == 0;
  if (!isGuarded) {
    int error = errno;
    if (isMapped)
      munmap(mapped, wanted * stride);
    fail("emulator: no stacks for ", wanted, " threads of a block, ",
         wanted * stride, " bytes in ", 2 * wanted,
         " mappings: ", std::strerror(error),
         "; the limits are vm.max_map_count and ulimit -v");
  }
  memory = begin;
  count = wanted;
  stacksInUse += count;
}

bool FiberStacks::isGuard(uintptr_t address) const {
  uintptr_t offset = address - reinterpret_cast<uintptr_t>(memory);
  return offset < count * stride && offset % stride < guard;
}

void catchOverflows(bool (*isGuard)(uintptr_t address), void (*onOverflow)()) {
  isGuardPage = isGuard;
  onOverflowOfStack = onOverflow;
  struct sigaction action {};
  action.sa_sigaction = handleFault;
  // Handled again after onOverflow() has left the handler for good.
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
  sigaction(SIGSEGV, &action, &handlerBefore);
}

void ensureSignalStack() { static thread_local SignalStack stack; }

} // namespace gpt2
