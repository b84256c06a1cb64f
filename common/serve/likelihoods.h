//===- likelihoods.h - What logits say of tokens ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace gpt2 {

/// Natural logarithms of probabilities: log softmax of V logits.
class Likelihoods {
public:
  /// Remembers the `count` most likely.
  Likelihoods(std::span<const float> logits, size_t count);

  double of(int32_t id) const { return logits[id] - logOfSum; }
  /// The most likely first, of equally likely ones the lowest id.
  const std::vector<std::pair<int32_t, double>> &top() const { return best; }

private:
  std::span<const float> logits;
  double logOfSum;
  std::vector<std::pair<int32_t, double>> best;
};

} // namespace gpt2
