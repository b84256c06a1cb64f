//===- comparison.cpp - Are these the same numbers? -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "reference/comparison.h"
#include "support/error.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace gpt2 {

std::string Comparison::describe(double tolerance) const {
  std::ostringstream text;
  text << "largest difference " << largest << " at " << where << ": " << actual
       << ", expected " << expected << "; tolerance " << tolerance;
  return text.str();
}

Comparison compare(std::span<const float> actual,
                   std::span<const double> expected, double tolerance) {
  Comparison result;
  if (actual.size() != expected.size()) {
    result.largest = std::numeric_limits<double>::infinity();
    result.where = std::min(actual.size(), expected.size());
    return result;
  }
  for (size_t i = 0; i < actual.size(); ++i) {
    double difference = std::abs(actual[i] - expected[i]);
    if (difference <= result.largest)
      continue;
    // Larger, or not comparable: a NaN.
    result.largest = difference;
    result.where = i;
    result.actual = actual[i];
    result.expected = expected[i];
    if (std::isnan(difference))
      break;
  }
  result.within = result.largest <= tolerance;
  return result;
}

double largestOf(std::span<const double> values) {
  double largest = 0;
  for (double value : values)
    largest = std::max(largest, std::abs(value));
  return largest;
}

double sumTolerance(int64_t terms, double magnitude) {
  return static_cast<double>(terms + 1) * f32Rounding * magnitude;
}

double logitsTolerance(const Config &config, double largestLogit) {
  auto longestSum =
      static_cast<double>(std::max(config.inner(), config.channels));
  double stages = 2.0 * static_cast<double>(config.layers) + 2;
  return 4 * std::sqrt(longestSum * stages) * f32Rounding * largestLogit;
}

double roundedFactorsTolerance(const Config &config, double largestLogit) {
  return 2 * 6 * static_cast<double>(config.layers) * 0x1p-9 * largestLogit;
}

} // namespace gpt2
