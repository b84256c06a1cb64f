//===- limits_test.cpp - Loops that do what they say --------------------===//
#include "limits/limits.h"

#include <gtest/gtest.h>

#include <vector>

using namespace gpt2;

namespace {

TEST(Limits, PeakLoopsDoTheirSums) {
  PeakLoops loops = peakLoops();
  // s = s / 2 + 1 / 4, from 0, 1, ... 11, which add up to 66.
  EXPECT_EQ(loops.fma.run(1), 66 / 2.0 + 12 * 0.25);
  EXPECT_EQ(loops.fma.run(2), 66 / 4.0 + 12 * 0.375);
  // Two products of 1, and four of 3, are added to a lane in each turn.
  if (loops.dotBf16.run) {
    EXPECT_EQ(loops.dotBf16.run(5), 66 + 12 * 5 * 2);
  }
  if (loops.dotInt8.run) {
    EXPECT_EQ(loops.dotInt8.run(5), 66 + 12 * 5 * 4 * 9);
  }
}

TEST(Limits, ReadsEveryNumber) {
  std::vector<uint64_t> storage(32 * 7 + 8);
  auto address = reinterpret_cast<uintptr_t>(storage.data());
  uint64_t *data = storage.data() + (64 - address % 64) % 64 / 8;
  uint64_t expected = 0;
  for (int i = 0; i < 32 * 7; ++i)
    expected += data[i] = uint64_t{1} << (i % 50);
  EXPECT_EQ(sumOf(data, 32 * 7), expected);
}

// Bounds that no machine of today exceeds or falls below, however busy it is:
// 10 MHz to 10 GHz; two 512-bit units do 32 f32 multiply-adds a cycle, 64 of
// bf16 and 128 of int8 (a quarter more is allowed for a clock that changes
// meanwhile); two loads of 64 bytes a cycle, and 10 MB/s.
TEST(Limits, AreWithinPhysicalBounds) {
  for (int threads : {1, 2}) {
    Limits limits = measureLimits(threads, 1 << 20);
    // A machine that is given to others meanwhile has another clock then.
    for (int again = 0;
         again < 5 && limits.fma >= 32 * 1.25 * limits.clock * threads; ++again)
      limits = measureLimits(threads, 1 << 20);
    EXPECT_EQ(limits.threads, threads);
    EXPECT_GT(limits.clock, 1e7);
    EXPECT_LT(limits.clock, 1e10);
    double cycles = 1.25 * limits.clock * threads;
    EXPECT_GT(limits.fma, 1e5);
    EXPECT_LT(limits.fma, 32 * cycles);
    if (limits.dotBf16) {
      EXPECT_GT(*limits.dotBf16, 1e5);
      EXPECT_LT(*limits.dotBf16, 64 * cycles);
    }
    if (limits.dotInt8) {
      EXPECT_GT(*limits.dotInt8, 1e5);
      EXPECT_LT(*limits.dotInt8, 128 * cycles);
    }
    EXPECT_EQ(limits.bytes, 1 << 20);
    EXPECT_GT(limits.read, 1e7);
    EXPECT_LT(limits.read, 128 * cycles);
  }
}

} // namespace
