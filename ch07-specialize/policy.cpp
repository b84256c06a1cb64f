//===- policy.cpp - Chapter 7: which programs are worth compiling -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A step takes the time in which the weights come from memory, and for each row
// some more. How much more is seen in the steps of the general program: those
// of few blocks and those of many. A program for T tokens saves the rows that
// the general one computes for nobody; if it saves, at the pace of the last
// minutes, more than it costs to compile, it is compiled.
//
//===----------------------------------------------------------------------===//
#include "chapter/policy.h"

#include <algorithm>

namespace gpt2::ch07_specialize {
namespace {

/// How long steps are expected to come as they do.
constexpr double horizonSeconds = 300;
/// Larger steps have few rows for nobody.
constexpr int64_t largestStep = 32;

int64_t roundedUp(int64_t tokens, int64_t rows) {
  return (tokens + rows - 1) / rows * rows;
}

/// Seconds that a row takes: the slope between the smallest and the largest
/// number of rows that were seen; without two of them, as if all the time were
/// the rows'.
double secondsOfARow(const Observations &seen) {
  const StepsSeen *least = nullptr, *most = nullptr;
  auto rows = [&](const StepsSeen *steps) {
    return roundedUp(steps->tokens, seen.generalRows);
  };
  for (const StepsSeen &steps : seen.steps) {
    if (steps.seconds == 0 || steps.tokens == 1)
      continue;
    if (!least || rows(&steps) < rows(least))
      least = &steps;
    if (!most || rows(&steps) > rows(most))
      most = &steps;
  }
  if (!least)
    return 0;
  double whole = least->seconds / static_cast<double>(rows(least));
  if (rows(most) == rows(least))
    return whole;
  double slope = (most->seconds - least->seconds) /
                 static_cast<double>(rows(most) - rows(least));
  return std::clamp(slope, 0.0, whole);
}

} // namespace

std::optional<int64_t> policy(const Observations &seen) {
  double ofARow = secondsOfARow(seen), best = 0;
  std::optional<int64_t> chosen;
  for (const StepsSeen &steps : seen.steps) {
    if (steps.hasProgram || steps.tokens < 2 || steps.tokens > largestStep)
      continue;
    int64_t spared = roundedUp(steps.tokens, seen.generalRows) - steps.tokens;
    double gain =
        static_cast<double>(spared) * ofARow * steps.perSecond * horizonSeconds;
    if (gain > seen.compileSeconds && gain > best) {
      best = gain;
      chosen = steps.tokens;
    }
  }
  return chosen;
}

} // namespace gpt2::ch07_specialize
