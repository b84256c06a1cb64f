//===- pretended_model.h - A program that remembers, and computes little ===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "run/forward.h"

#include <span>

namespace gpt2::testing {

/// A model bound to a program that pretends: it writes tokens into the cache as
/// keys, and the most likely token after a position depends on all that it
/// finds there up to it. What follows a text is known without it: next().
class PretendedModel {
public:
  static constexpr int64_t context = 96, vocab = 31;

  PretendedModel();

  Forward &forward() { return pass; }
  /// The token that follows `tokens`.
  static int32_t next(std::span<const int32_t> tokens);
  /// `tokens` and those that follow, until there are `length`.
  static std::vector<int32_t> continued(std::vector<int32_t> tokens,
                                        size_t length);

  /// The call after so many more goes wrong; negative for none.
  static void failAfter(int calls);
  /// Tokens that were computed.
  static size_t computed();

private:
  Weights weights;
  Executable program;
  Forward pass;
};

} // namespace gpt2::testing
