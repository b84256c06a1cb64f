//===- race_detector_test.cpp - Which uses of shared memory are a race ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "device/emulator/race_detector.h"
#include "testing/host_kernels.h"

#include <gmock/gmock.h>

using namespace gpt2;
using namespace gpt2::testing;
using ::testing::HasSubstr;

namespace {

constexpr Access read = Access::Read, write = Access::Write,
                 update = Access::Atomic;

/// What `kernel` is told, run by 64 threads, two subgroups, that share 256
/// bytes.
std::string raceOf(void (*kernel)(void **)) {
  return launchErrorOf(kernel, {1}, {64}, 256);
}

/// Runs a kernel that has no race.
void runOrderly(void (*kernel)(void **)) { launch(kernel, {2}, {64}, 256); }

TEST(RaceDetector, SeesWhatNoBarrierOrders) {
  auto reads = [](void **) { // what its neighbour may not have written
    announceShared(4 * threadX(), 4, write);
    announceShared(4 * ((threadX() + 1) % 64), 4, read);
  };
  EXPECT_EQ(raceOf(reads),
            "kernel @k, block (0, 0, 0): thread (1, 0, 0) writes shared memory "
            "at byte 4, which thread (0, 0, 0) has read since the last "
            "barrier: a race");
  auto overwrites = [](void **) { announceShared(0, 4, write); };
  EXPECT_THAT(raceOf(overwrites),
              HasSubstr("which thread (0, 0, 0) has written"));
  // With a barrier it is none; within a subgroup, an exchange is enough.
  runOrderly([](void **) {
    announceShared(4 * threadX(), 4, write);
    gpt2_emulator_barrier();
    announceShared(4 * ((threadX() + 1) % 64), 4, read);
    gpt2_emulator_barrier();
    uint32_t first = threadX() / 32 * 32;
    announceShared(4 * threadX(), 4, write);
    exchangeAll(0, 0);
    announceShared(4 * (first + (threadX() + 1) % 32), 4, read);
  });
}

// All read, and the last one, which has read, too, overwrites.
TEST(RaceDetector, RemembersTheFirstReaders) {
  auto lastOfTheBlock = [](void **) {
    announceShared(0, 4, read);
    if (threadX() == 63)
      announceShared(0, 4, write);
  };
  EXPECT_EQ(raceOf(lastOfTheBlock),
            "kernel @k, block (0, 0, 0): thread (63, 0, 0) writes shared "
            "memory at byte 0, which thread (0, 0, 0) has read since the last "
            "barrier: a race");
  auto lastOfTheSubgroup = [](void **) {
    if (threadX() < 32)
      announceShared(0, 4, read);
    if (threadX() == 31)
      announceShared(0, 4, write);
  };
  EXPECT_THAT(raceOf(lastOfTheSubgroup),
              HasSubstr("thread (31, 0, 0) writes shared memory at byte 0, "
                        "which thread (0, 0, 0) has read"));
  // An exchange orders readers of the writer's subgroup, and no others.
  auto otherSubgroup = [](void **) {
    if (threadX() < 32) {
      announceShared(0, 4, read);
      exchangeAll(0, 0);
      announceShared(0, 4, read);
      exchangeAll(0, 0);
      if (threadX() == 31)
        announceShared(0, 4, write);
    } else if (threadX() == 40) {
      announceShared(0, 4, read);
    }
  };
  EXPECT_THAT(raceOf(otherSubgroup),
              HasSubstr("which thread (40, 0, 0) has read"));
  runOrderly([](void **) {
    if (threadX() >= 32)
      return;
    announceShared(0, 4, read);
    exchangeAll(0, 0);
    announceShared(0, 4, read);
    exchangeAll(0, 0);
    if (threadX() == 31)
      announceShared(0, 4, write);
  });
}

TEST(RaceDetector, TellsNeighbouringBytesApart) {
  // bf16 beside bf16, in one word.
  runOrderly([](void **) {
    announceShared(2 * threadX(), 2, write);
    gpt2_emulator_barrier();
    announceShared(4 * (threadX() / 2), 4, read);
    gpt2_emulator_barrier();
    announceShared(64 + threadX(), 1, write);
  });
  auto twoToOne = [](void **) { announceShared(threadX() / 2 * 2, 2, write); };
  EXPECT_THAT(raceOf(twoToOne),
              HasSubstr("thread (1, 0, 0) writes shared memory at byte 0, "
                        "which thread (0, 0, 0) has written"));
  // What was used as a whole is used by parts.
  auto wholeAndPart = [](void **) {
    if (threadX() == 0)
      announceShared(16, 16, write);
    else if (threadX() == 1)
      announceShared(27, 1, read);
  };
  EXPECT_THAT(raceOf(wholeAndPart),
              HasSubstr("reads shared memory at byte 27, which thread "
                        "(0, 0, 0) has written"));
  auto partAndWhole = [](void **) {
    if (threadX() == 0)
      announceShared(27, 1, write);
    else if (threadX() == 1)
      announceShared(16, 16, read);
  };
  EXPECT_THAT(raceOf(partAndWhole),
              HasSubstr("reads shared memory at byte 16, which thread "
                        "(0, 0, 0) has written"));
}

TEST(RaceDetector, LetsAtomicUpdatesMeet) {
  runOrderly([](void **) {
    announceShared(4, 4, update);
    announceShared(4, 4, update);
    gpt2_emulator_barrier();
    announceShared(4, 4, read);
    announceShared(8 + threadX(), 1, write);
  });
  auto reads = [](void **) {
    announceShared(4, 4, update);
    if (threadX() == 63)
      announceShared(4, 4, read);
  };
  EXPECT_THAT(raceOf(reads),
              HasSubstr("thread (63, 0, 0) reads shared memory at byte 4, "
                        "which thread (0, 0, 0) has updated"));
  auto updates = [](void **) {
    announceShared(4, 4, threadX() == 0 ? write : update);
  };
  EXPECT_THAT(raceOf(updates),
              HasSubstr("thread (1, 0, 0) updates shared memory at byte 4, "
                        "which thread (0, 0, 0) has written"));
}

// Notes are kept from launch to launch, and where granules become smaller.
TEST(RaceDetector, KeepsApartWhatItKeeps) {
  RaceDetector detector(32);
  detector.prepare(64, 64);
  for (unsigned i = 0; i < 4; ++i)
    EXPECT_FALSE(detector.use(16 * i, 16, i, write));
  for (unsigned i = 0; i < 4; ++i) {
    EXPECT_FALSE(detector.use(16 * i + 11, 1, i, read));
    for (unsigned byte = 0; byte < 16; ++byte) {
      auto race = detector.use(16 * i + byte, 1, 40, read);
      ASSERT_TRUE(race) << "byte " << 16 * i + byte;
      EXPECT_EQ(race->thread, i);
    }
  }
  detector.prepare(16, 64);
  EXPECT_FALSE(detector.use(4, 4, 50, write));
  detector.prepare(64, 64);
  for (unsigned byte = 0; byte < 64; ++byte)
    EXPECT_FALSE(detector.use(byte, 1, 60, write)) << "byte " << byte;
  auto race = detector.use(63, 1, 0, read);
  ASSERT_TRUE(race);
  EXPECT_EQ(race->thread, 60u);
}

// Every order of a few uses, beside a detector that keeps all of them.
TEST(RaceDetector, IsExact) {
  struct Kept {
    unsigned thread;
    Access access;
    int exchanges;
  };
  uint32_t random = 1;
  auto pick = [&](uint32_t below) {
    random = random * 1664525 + 1013904223;
    return (random >> 16) % below;
  };
  int races = 0;
  for (int trial = 0; trial < 20000; ++trial) {
    RaceDetector detector(32);
    detector.prepare(16, 64);
    std::vector<Kept> kept[16]; // of each byte
    int exchanges[2] = {0, 0};
    for (int step = 0; step < 12; ++step) {
      if (pick(5) == 0) {
        uint32_t subgroup = pick(2);
        detector.exchange(subgroup);
        ++exchanges[subgroup];
        continue;
      }
      const unsigned threads[] = {0, 1, 2, 32, 33};
      unsigned thread = threads[pick(5)], size = 1u << pick(3);
      unsigned offset = pick(16 / size) * size;
      Access access = pick(3) == 0 ? (pick(2) ? write : update) : read;
      bool isRace = false;
      for (unsigned byte = offset; byte < offset + size; ++byte) {
        for (const Kept &other : kept[byte])
          isRace |= other.thread != thread &&
                    (other.access != access || access == write) &&
                    (other.thread / 32 != thread / 32 ||
                     other.exchanges == exchanges[thread / 32]);
        kept[byte].push_back({thread, access, exchanges[thread / 32]});
      }
      bool isFound = detector.use(offset, size, thread, access).has_value();
      ASSERT_EQ(isFound, isRace) << "trial " << trial << ", step " << step;
      races += isRace;
      if (isRace)
        break;
    }
  }
  EXPECT_GT(races, 1000);
}

} // namespace
