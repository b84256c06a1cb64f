//===- comparison_test.cpp - The comparison can fail ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "reference/comparison.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

using namespace gpt2;

namespace {

const std::vector<double> expected = {1, -2, 3};

bool within(std::vector<float> actual, double tolerance) {
  return compare(actual, expected, tolerance).within;
}

TEST(Compare, WithinAndBeyondTheTolerance) {
  EXPECT_TRUE(within({1, -2, 3}, 0));
  EXPECT_TRUE(within({1, -2.5, 3}, 0.5));
  EXPECT_FALSE(within({1, -2.5, 3}, 0.49));
  Comparison far = compare(std::vector<float>{1, -2.5, 3.25}, expected, 0);
  EXPECT_EQ(far.largest, 0.5);
  EXPECT_EQ(far.where, 1u);
  EXPECT_EQ(far.describe(0), "largest difference 0.5 at 1: -2.5, expected -2; "
                             "tolerance 0");
}

TEST(Compare, NotANumberIsNeverWithin) {
  EXPECT_FALSE(within({1, NAN, 3}, 1e30));
  EXPECT_FALSE(within({NAN, -2, 3}, INFINITY));
  // Also not when a larger difference comes before or after.
  EXPECT_FALSE(within({100, NAN, 3}, 1e30));
  EXPECT_FALSE(within({1, NAN, 100}, 1e30));
  EXPECT_FALSE(
      compare(std::vector<float>{1}, std::vector<double>{NAN}, 1e30).within);
  EXPECT_FALSE(within({1, INFINITY, 3}, 1e30));
}

TEST(Compare, LengthsMustAgree) {
  EXPECT_FALSE(within({1, -2}, 1e30));
  EXPECT_FALSE(within({1, -2, 3, 4}, 1e30));
}

} // namespace
