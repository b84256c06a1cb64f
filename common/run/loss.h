//===- loss.h - How well a model predicts a text ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "run/forward.h"

#include <cstdint>
#include <functional>
#include <span>
#include <string>

namespace gpt2 {

/// How well a program predicts a text and, if there is another to compare it
/// with, how far their logits are apart.
struct Loss {
  int64_t tokens = 0; ///< predicted
  double mean = 0;    ///< of -ln p(token), nats
  double other = 0;   ///< the same of the other program
  bool compared = false;
  double largestDifference = 0; ///< of any two logits
  double rootMeanSquare = 0;    ///< of all differences
  double largestLogit = 0;      ///< in magnitude, of the other

  std::string describe() const;
};

/// Predicts each of `tokens` but the first. The text is cut into windows as
/// long as the context; the first tokens of a window are predicted from little.
/// `progress`, if given, is called with the tokens done. Throws an Error if
/// there are fewer than two tokens, or as checkIds() and checkLogits() do.
Loss lossOf(Forward &forward, Forward *other, std::span<const int32_t> tokens,
            const std::function<void(int64_t)> &progress = {});

} // namespace gpt2
