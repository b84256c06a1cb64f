//===- policy_test.cpp - What is compiled, and what is not --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "chapter/policy.h"

#include <gtest/gtest.h>

namespace gpt2::ch07_specialize {
std::optional<int64_t> policy(const Observations &seen);
}

using namespace gpt2;
using gpt2::ch07_specialize::policy;

namespace {

/// Steps as a server sees them whose general program has blocks of 8 rows,
/// needs 10 ms for the weights, and 1 ms for a row.
StepsSeen steps(int64_t tokens, double perSecond, bool hasProgram = false) {
  auto rows = static_cast<double>((tokens + 7) / 8 * 8);
  return {tokens, perSecond, (10 + rows) / 1e3, hasProgram};
}

Observations seen(std::vector<StepsSeen> all) {
  return {std::move(all), /*generalRows=*/8, /*compileSeconds=*/2};
}

TEST(Policy, CompilesWhatComesOften) {
  EXPECT_EQ(policy(seen({})), std::nullopt);
  // Of 2 tokens 6 rows are for nobody: 6 ms a step, in 300 s 1.8 s.
  EXPECT_EQ(policy(seen({steps(2, 1), steps(16, 1)})), std::nullopt);
  EXPECT_EQ(policy(seen({steps(2, 2), steps(16, 1)})), 2);
  // What saves most comes first.
  EXPECT_EQ(policy(seen({steps(2, 10), steps(3, 20), steps(16, 1)})), 3);
  EXPECT_EQ(policy(seen({steps(2, 10), steps(9, 20), steps(16, 1)})), 9);
  EXPECT_EQ(policy(seen({steps(2, 10), steps(3, 20, true), steps(16, 1)})), 2);
}

TEST(Policy, LeavesWhatWouldSaveNothing) {
  EXPECT_EQ(policy(seen({steps(8, 100), steps(16, 100)})), std::nullopt);
  EXPECT_EQ(policy(seen({steps(1, 1000), steps(16, 1)})), std::nullopt);
  EXPECT_EQ(policy(seen({steps(57, 1000), steps(16, 1)})), std::nullopt);
  // Rows that cost nothing: all steps take as long as the weights.
  EXPECT_EQ(policy(seen({{2, 100, 0.01, false}, {16, 100, 0.01, false}})),
            std::nullopt);
}

TEST(Policy, KnowsWhatARowTakesFromOneSize) {
  // 18 ms for 8 rows, as if all were the rows': 13.5 ms for nobody.
  EXPECT_EQ(policy(seen({steps(2, 0.4)})), std::nullopt);
  EXPECT_EQ(policy(seen({steps(2, 0.6)})), 2);
  // And what no step has shown yet is not guessed.
  EXPECT_EQ(policy(seen({{2, 100, 0, false}})), std::nullopt);
}

} // namespace
