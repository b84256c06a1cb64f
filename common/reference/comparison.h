//===- comparison.h - Are these the same numbers? -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "model/config.h"

#include <span>

namespace gpt2 {

/// How far `actual` is from `expected`.
struct Comparison {
  double largest = 0; ///< the largest absolute difference; NaN if there is one
  size_t where = 0;   ///< its index
  double actual = 0, expected = 0; ///< the two values there
  bool within = false;             ///< largest <= tolerance; false for NaN

  /// "largest difference 0.5 at 17: 1.5, expected 1; tolerance 0.01".
  std::string describe(double tolerance) const;
};

/// Compares element by element. A NaN in either is outside every tolerance, as
/// is a difference in length.
Comparison compare(std::span<const float> actual,
                   std::span<const double> expected, double tolerance);

/// The largest absolute value.
double largestOf(std::span<const double> values);

/// Rounding to f32 errs by at most this share of a value: 2^-24.
inline constexpr double f32Rounding = 0x1p-24;

/// What f32 may lose in a sum of `terms` products whose absolute values add up
/// to `magnitude`: each of the `terms` additions and one multiplication rounds
/// once, so terms + 1 roundings of at most `magnitude` (Higham 2002, section
/// 3.1). A bound for any order of summation.
double sumTolerance(int64_t terms, double magnitude);

/// What the logits of a whole model may differ by from double precision, given
/// the largest absolute logit. Roundings are independent, so the error of a sum
/// of K terms grows as sqrt(K), and that of stages one after another as the
/// square root of their number (Higham 2002, section 2.8). The longest sum has
/// F terms, a model 2L + 2 stages; a factor of 4 stands for four deviations.
double logitsTolerance(const Config &config, double largestLogit);

/// The same where matrix units multiply: what they are given is rounded, six
/// times in a layer, to the 8 bits of bf16; a factor of 2 stands for the rest.
double roundedFactorsTolerance(const Config &config, double largestLogit);

} // namespace gpt2
