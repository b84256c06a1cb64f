//===- fiber_stacks_test.cpp - Threads that need more than their stack ---===//
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

/// Takes `bytes` bytes of stack and a little more.
[[gnu::noinline]] int dig(int bytes) {
  volatile char frame[1024];
  frame[bytes % 1024] = 1;
  return bytes <= 1024 ? frame[0] : dig(bytes - 1024) + frame[1];
}

void digDeep(void **arguments) {
  if (threadX() == 37)
    at<float>(arguments, 0) = static_cast<float>(dig(1 << 20));
}

int *volatile nowhere = nullptr;

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
  auto kernel = [](void **) { dig(FiberStacks::bytesEach - 4096); };
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
      KilledBySignal(SIGSEGV), "");
  EXPECT_EXIT({ launch([](void **) { *nowhere = 0; }, {1}, {64}); },
              KilledBySignal(SIGSEGV), "");
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
