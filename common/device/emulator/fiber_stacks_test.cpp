//===- fiber_stacks_test.cpp - Threads that need more than their stack ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// In processes of their own: whoever overflows unnoticed does not stop there.
//
//===----------------------------------------------------------------------===//
#include "device/emulator/fiber_stacks.h"
#include "testing/host_kernels.h"

#include <gmock/gmock.h>

#include <csignal>
#include <cstdlib>
#include <iostream>

#include <unistd.h>

using namespace gpt2;
using namespace gpt2::testing;
using ::testing::ExitedWithCode;
using ::testing::HasSubstr;
using ::testing::KilledBySignal;

namespace {

/// Takes `bytes` bytes of stack below `top`, and less than 2 KB more.
[[gnu::noinline]] int dig(const volatile char *top, intptr_t bytes) {
  volatile char frame[512];
  frame[0] = 1;
  return top - frame < bytes ? dig(top, bytes) + frame[0] : frame[0];
}
int dig(intptr_t bytes) {
  volatile char top = 0;
  return dig(&top, bytes);
}

void digDeep(void **arguments) {
  if (threadX() == 37)
    at<float>(arguments, 0) = static_cast<float>(dig(1 << 20));
}

/// Where nothing is.
int *volatile nowhere = reinterpret_cast<int *>(64);

/// Whether a process died of its using that.
bool isFault(int status) {
#ifdef __SANITIZE_ADDRESS__ // handles the signal, and exits
  return ExitedWithCode(1)(status);
#else
  return KilledBySignal(SIGSEGV)(status);
#endif
}

TEST(FiberStacks, NamesAnOverflow) {
  EXPECT_EXIT(
      {
        alarm(20);
        std::string first = launchErrorOf(digDeep, {3}, {64});
        std::string again = launchErrorOf(digDeep, {3}, {64}, 0, 2);
        std::cerr << first << (first == again ? " twice" : again);
        std::_Exit(1);
      },
      ExitedWithCode(1),
      HasSubstr("kernel @k, block (0, 0, 0): thread (37, 0, 0) overflows its "
                "stack of 32 KB, which is all that the emulator gives a "
                "thread: the kernel's own variables are too large; keep them "
                "in shared memory or in a buffer, or make them smaller twice"));
}

TEST(FiberStacks, HoldWhatIsSaid) {
  auto kernel = [](void **) { dig(FiberStacks::bytesEach - 3072); };
  launch(kernel, {2}, {1024});
}

// The emulator goes on after an Error, on the same stacks.
TEST(FiberStacks, AreUsedAgain) {
  Emulator emulator;
  std::vector<float> data(64, 0);
  EXPECT_THAT(errorOf([&] { launch(emulator, digDeep, data, {1}, {64}); }),
              HasSubstr("overflows its stack"));
  auto count = [](void **arguments) { at<float>(arguments, threadX()) += 1; };
  launch(emulator, count, data, {1}, {64});
  EXPECT_EQ(data, std::vector<float>(64, 1));
}

TEST(FiberStacks, LeaveOtherFaultsAlone) {
  EXPECT_EXIT(
      {
        launch([](void **) {}, {1}, {64});
        *nowhere = 0;
      },
      isFault, "");
  EXPECT_EXIT({ launch([](void **) { *nowhere = 0; }, {1}, {64}); }, isFault,
              "");
}

TEST(FiberStacks, TakeABoundedPartOfTheMappings) {
  FiberStacks one;
  EXPECT_TRUE(one.hasRoomFor(1024));
  EXPECT_FALSE(one.hasRoomFor(30000)); // 60000 mappings
  one.reserve(100);
  StackRange first = one.stack(0), last = one.stack(99);
  EXPECT_TRUE(one.isGuard(reinterpret_cast<uintptr_t>(first.bottom) - 1));
  EXPECT_FALSE(one.isGuard(reinterpret_cast<uintptr_t>(first.bottom)));
  EXPECT_FALSE(
      one.isGuard(reinterpret_cast<uintptr_t>(last.bottom + last.bytes)));
  EXPECT_GE(last.bytes, FiberStacks::bytesEach);
}

} // namespace
