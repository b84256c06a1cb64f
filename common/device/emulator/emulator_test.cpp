//===- emulator_test.cpp - Blocks of fibers, and what goes wrong --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "testing/host_kernels.h"

#include <gmock/gmock.h>

#include <array>
#include <iostream>
#include <memory>
#include <set>
#include <thread>

#include <unistd.h>

using namespace gpt2;
using namespace gpt2::testing;
using ::testing::ExitedWithCode;
using ::testing::HasSubstr;

namespace {

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

TEST(Emulator, NamesADivergentBarrier) {
  auto leaves = [](void **) {
    if (threadX() != 5)
      gpt2_emulator_barrier();
  };
  EXPECT_EQ(launchErrorOf(leaves, {1}, {40}),
            "kernel @k, block (0, 0, 0): divergent barrier: thread (0, 0, 0) "
            "waits at a barrier, and thread (5, 0, 0) has ended; all threads "
            "must come to the same one");
  auto shuffles = [](void **) {
    if (threadX() < 3)
      exchangeAll(1, 0);
    else
      gpt2_emulator_barrier();
  };
  EXPECT_THAT(launchErrorOf(shuffles, {1}, {40}),
              HasSubstr("thread (0, 0, 0) waits at an exchange within its "
                        "subgroup, and thread (3, 0, 0) waits at a barrier"));
  // All are at exchanges, but some wait for those that wait for others.
  auto crosses = [](void **) {
    gpt2_emulator_exchange(0, 0, threadX() < 16 ? 0xffffffff : 0x0000ffff, 0);
  };
  EXPECT_THAT(launchErrorOf(crosses, {1}, {32}),
              HasSubstr("thread (0, 0, 0) waits at an exchange within its "
                        "subgroup, and thread (16, 0, 0) waits at an exchange "
                        "with other lanes"));
  // Subgroups need not be in step with each other.
  auto inTurns = [](void **) {
    if (threadX() < 32)
      exchangeAll(0, 0);
    gpt2_emulator_barrier();
  };
  launch(inTurns, {2}, {64});
}

// In a process of its own, which ends in any case.
TEST(Emulator, NamesAMaskThatHasNoLanes) {
  auto kernel = [](void **) { // the second subgroup has lanes 0 to 7
    if (threadX() == 35)
      gpt2_emulator_exchange(0, 0, 0xff00, 0);
  };
  EXPECT_EXIT(
      {
        alarm(20);
        std::cerr << launchErrorOf(kernel, {2}, {40});
        std::_Exit(1);
      },
      ExitedWithCode(1),
      HasSubstr("kernel @k, block (0, 0, 0): thread (35, 0, 0) waits at an "
                "exchange among the lanes of mask 0xff00, of which its "
                "subgroup has none: it has lanes 0 to 7"));
  // Lanes that are not there may be in a mask with others.
  launch([](void **) { gpt2_emulator_exchange(0, 0, 0xffffffffff, 0); }, {1},
         {40});
}

TEST(Emulator, TellsTheFirstBlockThatFails) {
  auto kernel = [](void **) {
    if (gpt2_emulator_block_id(0) >= 7 && threadX() == 0)
      gpt2_emulator_barrier();
  };
  for (int i = 0; i < 20; ++i)
    EXPECT_THAT(launchErrorOf(kernel, {50}, {2}, 0, 4),
                HasSubstr("block (7, 0, 0)"));
}

TEST(Emulator, NamesAnAccessOutOfBounds) {
  auto behind = [](void **arguments) {
    gpt2_emulator_check(&at<float>(arguments, 7), 4, 4, 0);
    gpt2_emulator_check(&at<float>(arguments, 8 + threadX()), 4, 4, 1);
  };
  EXPECT_EQ(launchErrorOf(behind, {1}, {2}),
            "kernel @k, block (0, 0, 0): thread (0, 0, 0) writes 4 bytes out "
            "of bounds: 0 bytes behind the end of %x, which has 32");
  auto across = [](void **arguments) {
    gpt2_emulator_check(&at<float>(arguments, 6), 16, 4, 0);
  };
  EXPECT_THAT(
      launchErrorOf(across, {1}, {1}),
      HasSubstr("reads 16 bytes out of bounds: from byte 24 of %x, which "
                "has 32"));
  auto nowhere = [](void **) {
    gpt2_emulator_check(reinterpret_cast<void *>(64), 4, 4, 0);
  };
  EXPECT_THAT(launchErrorOf(nowhere, {1}, {1}),
              HasSubstr("no buffer is there"));
  auto behindShared = [](void **) {
    gpt2_emulator_check(static_cast<char *>(gpt2_emulator_shared()) + 64, 4, 4,
                        1);
  };
  EXPECT_THAT(launchErrorOf(behindShared, {1}, {1}, 64),
              HasSubstr("writes 4 bytes out of bounds: 0 bytes behind the end "
                        "of the block's shared memory, which has 64"));
}

TEST(Emulator, NamesAMisalignedAccess) {
  auto kernel = [](void **arguments) {
    gpt2_emulator_check(
        &at<float>(arguments, 1), 8, 8,
        reinterpret_cast<uintptr_t>(&at<float>(arguments, 0)) % 8 == 0);
  };
  EXPECT_THAT(launchErrorOf(kernel, {1}, {1}),
              HasSubstr("which is not a multiple of 8"));
}

TEST(Emulator, RefusesWhatNoGpuTakes) {
  auto kernel = [](void **) {};
  EXPECT_THAT(launchErrorOf(kernel, {1}, {1025}), HasSubstr("1025 threads"));
  EXPECT_THAT(errorOf([] { Emulator emulator(16); }),
              HasSubstr("subgroups of 16; expected 32 or 64"));
  std::array<char, 32> data;
  Emulator emulator;
  emulator.registerBuffer(data.data(), 16, "a");
  EXPECT_THAT(errorOf([&] { emulator.registerBuffer(&data[8], 16, "b"); }),
              HasSubstr("buffer b overlaps a"));
  emulator.forgetBuffer(data.data());
  emulator.registerBuffer(&data[8], 16, "b");
}

/// The system's number of the thread that runs each block; slow, so that all
/// threads have some.
void noteHostThreads(void **arguments) {
  at<int>(arguments, gpt2_emulator_block_id(0)) = gettid();
  usleep(1000);
}

TEST(Emulator, KeepsItsHostThreads) {
  Emulator emulator(32, 3);
  std::set<int> threads;
  for (int i = 0; i < 5; ++i) {
    std::vector<int> data(12);
    launch(emulator, noteHostThreads, data, {12}, {1});
    threads.insert(data.begin(), data.end());
  }
  EXPECT_THAT(threads, ::testing::Contains(gettid()));
  EXPECT_EQ(threads.size(), 3u);
}

// A child has the emulator and none of its threads.
TEST(Emulator, WorksInAForkedProcess) {
  auto emulator = std::make_unique<Emulator>(32, 3);
  std::vector<int> data(12);
  launch(*emulator, noteHostThreads, data, {12}, {1});
  EXPECT_EXIT(
      {
        alarm(20);
        std::vector<int> own(12);
        launch(*emulator, noteHostThreads, own, {12}, {1});
        std::set<int> threads(own.begin(), own.end());
        emulator.reset();
        std::_Exit(threads.size() == 3 ? 0 : 1);
      },
      ExitedWithCode(0), "");
}

// Whatever it keeps of threads that other launches had, or that an Error left.
TEST(Emulator, TakesBlocksOfAnySizeInTurn) {
  auto kernel = [](void **arguments) {
    uint32_t self = threadX(), count = gpt2_emulator_block_size(0);
    uint32_t next = exchangeAll(self, (self + 1) % 32);
    gpt2_emulator_barrier();
    at<uint32_t>(arguments, gpt2_emulator_block_id(0) * count + self) = next;
  };
  auto fails = [](void **) {
    if (threadX() == 20)
      gpt2_emulator_barrier();
  };
  Emulator emulator;
  auto run = [&](uint32_t count) {
    std::vector<uint32_t> data(3 * count);
    launch(emulator, kernel, data, {3}, {count});
    for (uint32_t i = 0; i < 3 * count; ++i)
      ASSERT_EQ(data[i], i % count / 32 * 32 + (i + 1) % 32) << count;
  };
  for (uint32_t count : {64, 1024, 32, 256})
    run(count);
  for (uint32_t count : {1024, 32, 256}) {
    std::vector<uint32_t> none(1);
    EXPECT_THAT(errorOf([&] { launch(emulator, fails, none, {2}, {count}); }),
                HasSubstr("divergent barrier: thread (20, 0, 0)"));
    run(count);
  }
}

TEST(Emulator, IsUsedByThreadsInTurn) {
  auto kernel = [](void **arguments) {
    int &count = at<int>(arguments, threadX());
    int before = count;
    gpt2_emulator_barrier();
    count = before + 1;
  };
  Emulator emulator(32, 2);
  std::vector<std::vector<int>> data(4, std::vector<int>(64));
  {
    std::vector<std::jthread> threads;
    for (std::vector<int> &counts : data)
      threads.emplace_back([&] {
        for (int i = 0; i < 50; ++i)
          launch(emulator, kernel, counts, {1}, {64});
      });
  }
  for (const std::vector<int> &counts : data)
    EXPECT_EQ(counts, std::vector<int>(64, 50));
}

} // namespace
