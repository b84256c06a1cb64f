//===- emulator_test.cpp - Blocks of fibers, and what goes wrong --------===//
//
// Kernels here are C++ functions that call what compiled ones call.
//
//===----------------------------------------------------------------------===//
#include "device/emulator/emulator.h"
#include "device/emulator/intrinsics.h"
#include "testing/test_files.h"

#include <gmock/gmock.h>

#include <array>
#include <atomic>
#include <numeric>
#include <vector>

using namespace gpt2;
using ::testing::HasSubstr;

namespace {

uint32_t threadX() { return gpt2_emulator_thread_id(0); }

/// An exchange among all 32 lanes.
uint32_t exchangeAll(uint32_t value, uint32_t source) {
  return gpt2_emulator_exchange(value, source, 0xffffffff, 0);
}

/// Element `index` of the array that is the kernel's first argument.
template <typename T> T &at(void **arguments, uint64_t index) {
  return (*static_cast<T **>(arguments[0]))[index];
}

/// Runs `function` on `data`.
template <typename T>
void launch(const Emulator &emulator, void (*function)(void **),
            std::vector<T> &data, Dim3 grid, Dim3 block,
            int64_t sharedBytes = 0) {
  T *pointer = data.data();
  void *arguments[] = {&pointer};
  emulator.launch({"k", function, sharedBytes}, grid, block, arguments);
}

TEST(Emulator, RunsEveryThreadOfEveryBlockOnce) {
  auto kernel = [](void **arguments) {
    Dim3 b{gpt2_emulator_block_id(0), gpt2_emulator_block_id(1),
           gpt2_emulator_block_id(2)};
    Dim3 t{gpt2_emulator_thread_id(0), gpt2_emulator_thread_id(1),
           gpt2_emulator_thread_id(2)};
    EXPECT_EQ(gpt2_emulator_grid_size(0), 3u);
    EXPECT_EQ(gpt2_emulator_grid_size(1), 2u);
    EXPECT_EQ(gpt2_emulator_block_size(2), 5u);
    uint64_t block = (b.z * 2 + b.y) * 3 + b.x;
    uint64_t thread = (t.z * 3 + t.y) * 7 + t.x;
    ++at<int>(arguments, block * 105 + thread);
  };
  for (unsigned hostThreads : {1, 3}) {
    std::vector<int> counts(24 * 105, 0);
    launch(Emulator(32, hostThreads), kernel, counts, {3, 2, 4}, {7, 3, 5});
    EXPECT_EQ(counts, std::vector<int>(24 * 105, 1));
  }
}

// Each thread passes a number to its neighbour through shared memory, many
// times: without barriers that work, none would get far.
TEST(Emulator, BarriersOrderSharedMemory) {
  auto kernel = [](void **arguments) {
    auto *shared = static_cast<int *>(gpt2_emulator_shared());
    uint32_t self = threadX();
    int value = static_cast<int>(self);
    for (int turn = 0; turn < 10; ++turn) {
      shared[self] = value;
      gpt2_emulator_barrier();
      value = shared[(self + 1) % 100];
      gpt2_emulator_barrier();
    }
    at<int>(arguments, self) = value;
  };
  std::vector<int> data(100);
  launch(Emulator(), kernel, data, {2}, {100}, 400);
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(data[i], (i + 10) % 100);
}

// A butterfly: after exchanges at all distances every lane has its subgroup's
// sum. 150 threads: the last subgroup is not full.
TEST(Emulator, ExchangesWithinSubgroups) {
  auto kernel = [](void **arguments) {
    EXPECT_EQ(gpt2_emulator_lane(), threadX() % 64);
    uint32_t value = threadX(), lane = gpt2_emulator_lane();
    for (uint32_t distance = 1; distance < 64; distance *= 2)
      value += gpt2_emulator_exchange(value, lane ^ distance, ~uint64_t{0}, 0);
    at<uint32_t>(arguments, threadX()) = value;
    // A lane that is not there gives back the own value.
    EXPECT_EQ(gpt2_emulator_exchange(value, 64, ~uint64_t{0}, 0), value);
  };
  std::vector<uint32_t> data(128);
  launch(Emulator(64), kernel, data, {1}, {128});
  EXPECT_EQ(data[0], 63u * 64 / 2);
  EXPECT_EQ(data[127], data[64]);
  EXPECT_EQ(data[64], 127u * 128 / 2 - 63 * 64 / 2);
}

TEST(Emulator, ALaneThatIsAheadDoesNotDisturbOthers) {
  auto kernel = [](void **arguments) {
    uint32_t value = threadX();
    for (int turn = 0; turn < 50; ++turn)
      value = exchangeAll(value, (threadX() + 1) % 32);
    at<uint32_t>(arguments, threadX()) = value;
  };
  std::vector<uint32_t> data(32);
  launch(Emulator(), kernel, data, {1}, {32});
  for (uint32_t i = 0; i < 32; ++i)
    EXPECT_EQ(data[i], (i + 50) % 32);
}

// Eight lanes exchange values while the others wait at a barrier: with a mask,
// or because no other lane comes to that exchange.
TEST(Emulator, SomeLanesExchangeAmongThemselves) {
  static uint64_t mask;
  auto kernel = [](void **arguments) {
    uint32_t self = threadX();
    if (self < 8) {
      uint32_t value = self;
      for (uint32_t distance = 1; distance < 8; distance *= 2)
        value += gpt2_emulator_exchange(value, self ^ distance, mask, distance);
      at<uint32_t>(arguments, self) = value;
    } else if (mask == 0 && self < 10) {
      // Elsewhere, two others.
      at<uint32_t>(arguments, self) = gpt2_emulator_exchange(self, 9, 0, 77);
    }
    gpt2_emulator_barrier();
  };
  for (uint64_t m : {0xff, 0}) {
    mask = m;
    std::vector<uint32_t> data(32);
    launch(Emulator(), kernel, data, {3}, {32});
    for (int i = 0; i < 8; ++i)
      EXPECT_EQ(data[i], 28u);
    EXPECT_EQ(data[8], mask ? 0u : 9u);
  }
}

/// The message of a launch that must fail.
std::string errorOf(void (*function)(void **), Dim3 grid, Dim3 block,
                    int64_t sharedBytes = 0, unsigned hostThreads = 1) {
  std::vector<float> data(8, 0);
  Emulator emulator(32, hostThreads);
  emulator.registerBuffer(data.data(), 32, "%x");
  return gpt2::testing::errorOf(
      [&] { launch(emulator, function, data, grid, block, sharedBytes); });
}

TEST(Emulator, NamesADivergentBarrier) {
  auto leaves = [](void **) {
    if (threadX() != 5)
      gpt2_emulator_barrier();
  };
  EXPECT_EQ(errorOf(leaves, {1}, {40}),
            "kernel @k, block (0, 0, 0): divergent barrier: thread (0, 0, 0) "
            "waits at a barrier, and thread (5, 0, 0) has ended; all threads "
            "must come to the same one");
  auto shuffles = [](void **) {
    if (threadX() < 3)
      exchangeAll(1, 0);
    else
      gpt2_emulator_barrier();
  };
  EXPECT_THAT(errorOf(shuffles, {1}, {40}),
              HasSubstr("thread (0, 0, 0) waits at an exchange within its "
                        "subgroup, and thread (3, 0, 0) waits at a barrier"));
  // All are at exchanges, but some wait for those that wait for others.
  auto crosses = [](void **) {
    gpt2_emulator_exchange(0, 0, threadX() < 16 ? 0xffffffff : 0x0000ffff, 0);
  };
  EXPECT_THAT(errorOf(crosses, {1}, {32}),
              HasSubstr("thread (0, 0, 0) waits at an exchange within its "
                        "subgroup, and thread (16, 0, 0) waits at an exchange "
                        "with other lanes"));
  // Subgroups need not be in step with each other.
  auto inTurns = [](void **) {
    if (threadX() < 32)
      exchangeAll(0, 0);
    gpt2_emulator_barrier();
  };
  std::vector<int> none(1);
  launch(Emulator(), inTurns, none, {2}, {64});
}

TEST(Emulator, TellsTheFirstBlockThatFails) {
  auto kernel = [](void **) {
    if (gpt2_emulator_block_id(0) >= 7 && threadX() == 0)
      gpt2_emulator_barrier();
  };
  for (int i = 0; i < 20; ++i)
    EXPECT_THAT(errorOf(kernel, {50}, {2}, 0, 4), HasSubstr("block (7, 0, 0)"));
}

TEST(Emulator, NamesAnAccessOutOfBounds) {
  auto behind = [](void **arguments) {
    gpt2_emulator_check(&at<float>(arguments, 7), 4, 4, 0);
    gpt2_emulator_check(&at<float>(arguments, 8 + threadX()), 4, 4, 1);
  };
  EXPECT_EQ(errorOf(behind, {1}, {2}),
            "kernel @k, block (0, 0, 0): thread (0, 0, 0) writes 4 bytes out "
            "of bounds: 0 bytes behind the end of %x, which has 32");
  auto across = [](void **arguments) {
    gpt2_emulator_check(&at<float>(arguments, 6), 16, 4, 0);
  };
  EXPECT_THAT(errorOf(across, {1}, {1}), HasSubstr("reads 16 bytes out of"));
  auto nowhere = [](void **) {
    gpt2_emulator_check(reinterpret_cast<void *>(64), 4, 4, 0);
  };
  EXPECT_THAT(errorOf(nowhere, {1}, {1}), HasSubstr("no buffer is there"));
  auto behindShared = [](void **) {
    gpt2_emulator_check(static_cast<char *>(gpt2_emulator_shared()) + 64, 4, 4,
                        1);
  };
  EXPECT_THAT(errorOf(behindShared, {1}, {1}, 64),
              HasSubstr("writes 4 bytes out of bounds"));
}

TEST(Emulator, NamesAMisalignedAccess) {
  auto kernel = [](void **arguments) {
    gpt2_emulator_check(
        &at<float>(arguments, 1), 8, 8,
        reinterpret_cast<uintptr_t>(&at<float>(arguments, 0)) % 8 == 0);
  };
  EXPECT_THAT(errorOf(kernel, {1}, {1}),
              HasSubstr("which is not a multiple of 8"));
}

TEST(Emulator, NamesARace) {
  auto word = [](uint32_t index) {
    return static_cast<int *>(gpt2_emulator_shared()) + index;
  };
  static auto use = word;
  auto reads = [](void **) { // what its neighbour may not have written
    gpt2_emulator_check(use(threadX()), 4, 4, 1);
    gpt2_emulator_check(use((threadX() + 1) % 64), 4, 4, 0);
  };
  EXPECT_EQ(errorOf(reads, {1}, {64}, 256),
            "kernel @k, block (0, 0, 0): thread (1, 0, 0) writes shared memory "
            "at byte 4, which thread (0, 0, 0) has read since the last "
            "barrier: a race");
  auto overwrites = [](void **) { gpt2_emulator_check(use(0), 4, 4, 1); };
  EXPECT_THAT(errorOf(overwrites, {1}, {64}, 256),
              HasSubstr("which thread (0, 0, 0) has written"));
  // With a barrier it is none; within a subgroup, an exchange is enough.
  auto orderly = [](void **) {
    gpt2_emulator_check(use(threadX()), 4, 4, 1);
    gpt2_emulator_barrier();
    gpt2_emulator_check(use((threadX() + 1) % 64), 4, 4, 0);
    gpt2_emulator_barrier();
    uint32_t first = threadX() / 32 * 32;
    gpt2_emulator_check(use(threadX()), 4, 4, 1);
    exchangeAll(0, 0);
    gpt2_emulator_check(use(first + (threadX() + 1) % 32), 4, 4, 0);
  };
  std::vector<int> none(1);
  launch(Emulator(), orderly, none, {2}, {64}, 256);
}

TEST(Emulator, RefusesWhatNoGpuTakes) {
  auto kernel = [](void **) {};
  EXPECT_THAT(errorOf(kernel, {1}, {1025}), HasSubstr("1025 threads"));
  EXPECT_THAT(gpt2::testing::errorOf([] { Emulator emulator(16); }),
              HasSubstr("subgroups of 16; expected 32 or 64"));
  std::array<char, 32> data;
  Emulator emulator;
  emulator.registerBuffer(data.data(), 16, "a");
  EXPECT_THAT(gpt2::testing::errorOf(
                  [&] { emulator.registerBuffer(&data[8], 16, "b"); }),
              HasSubstr("buffer b overlaps a"));
  emulator.forgetBuffer(data.data());
  emulator.registerBuffer(&data[8], 16, "b");
}

} // namespace
