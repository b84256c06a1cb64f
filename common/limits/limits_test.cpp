//===- limits_test.cpp - Loops that do what they say --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "limits/limits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

using namespace gpt2;

namespace {

TEST(Limits, PeakLoopsDoTheirSums) {
  PeakLoops loops = peakLoops();
  // s = s / 2 + 1 / 4, from 0, 1, ... 11, which add up to 66.
  EXPECT_EQ(loops.fma.run(1), 66 / 2.0 + 12 * 0.25);
  EXPECT_EQ(loops.fma.run(2), 66 / 4.0 + 12 * 0.375);
  // Two products of 1, and four of 3, are added to a lane in each iteration.
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

/// A stopwatch by which each try takes 1/64 s, but for the first few, which
/// something disturbs.
Stopwatch sixtyFourth() {
  return [seconds = 0.0, reading = 0]() mutable {
    seconds += ++reading % 8 == 2 ? 3 / 64.0 : 1 / 64.0;
    return seconds;
  };
}

TEST(Limits, CountWhatAllThreadsDoInTheFastestTry) {
  PeakLoops loops = peakLoops();
  for (int threads : {1, 2}) {
    Limits limits = measureLimits(threads, 1 << 20, sixtyFourth());
    EXPECT_EQ(limits.threads, threads);
    EXPECT_EQ(limits.vectors, loops.fma.name);
    EXPECT_EQ(limits.clock, 64.0 * (1 << 24));
    // The first number of iterations that takes 10 ms is twice the first tried.
    double iterations = 64.0 * (1 << 13) * threads;
    EXPECT_EQ(limits.fma, iterations * loops.fma.multiplyAdds);
    ASSERT_EQ(limits.dotBf16.has_value(), loops.dotBf16.run != nullptr);
    if (limits.dotBf16) {
      EXPECT_EQ(*limits.dotBf16, iterations * loops.dotBf16.multiplyAdds);
    }
    ASSERT_EQ(limits.dotInt8.has_value(), loops.dotInt8.run != nullptr);
    if (limits.dotInt8) {
      EXPECT_EQ(*limits.dotInt8, iterations * loops.dotInt8.multiplyAdds);
    }
    EXPECT_EQ(limits.bytes, 1 << 20);
    // 64 MB in whole iterations through all threads' parts of the buffer.
    EXPECT_EQ(limits.read, 64.0 * 61 * (1 << 20));
  }
}

TEST(Limits, ImplausibleOnesAreTold) {
  Limits limits;
  limits.threads = 2;
  limits.clock = 3e9;
  limits.fma = 32 * 6e9;
  limits.dotBf16 = 64 * 6e9;
  limits.dotInt8 = 128 * 6e9;
  limits.read = 128 * 6e9;
  EXPECT_EQ(whatIsImplausible(limits), "");
  limits.dotInt8.reset();
  EXPECT_EQ(whatIsImplausible(limits), "");
  for (double Limits::*rate : {&Limits::fma, &Limits::read}) {
    Limits wrong = limits;
    wrong.*rate *= 1.5;
    EXPECT_NE(whatIsImplausible(wrong), "");
  }
  limits.dotBf16 = 100 * 6e9;
  EXPECT_THAT(whatIsImplausible(limits),
              testing::StartsWith("100 bf16 multiply-adds a cycle"));
}

} // namespace
