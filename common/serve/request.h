//===- request.h - A text that somebody wants continued -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "model/generate.h"

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace gpt2 {

/// A token, and how likely it was.
struct ScoredToken {
  int32_t id = 0;
  /// The natural logarithm of its probability, without temperature, top-k and
  /// top-p; of the first of a text there is none. Filled if it was asked for.
  std::optional<double> logprob = {};
  /// The most likely ones instead of it, most likely first.
  std::vector<std::pair<int32_t, double>> top = {};
};

enum class EndReason {
  TokenLimit, ///< as many tokens as were asked for, or as the context holds
  EndOfText,  ///< the model ended its text
  Enough,     ///< onToken() said so
  Cancelled,  ///< by cancel()
  Failed,     ///< see Ending::message
};

struct Ending {
  EndReason reason = EndReason::TokenLimit;
  std::string message = {}; ///< what went wrong, for people
  int64_t reused = 0; ///< tokens of the prompt that were not computed again
};

/// What is to be computed, and who wants to know. The two functions are called
/// by the thread that computes: they are short, do not throw, and ask nothing
/// of it. onEnd() is called once, last.
struct Request {
  std::vector<int32_t> prompt; ///< 1 to P ids
  int64_t maxNewTokens = 16;   ///< from 0 on
  SamplerOptions sampler = {};
  /// Taken from the logit of a token that was chosen before: once, and as often
  /// as it was.
  double presencePenalty = 0, frequencyPenalty = 0;
  /// Added to the logits of tokens, each of which is there once.
  std::vector<std::pair<int32_t, double>> biases = {};
  /// So many likely tokens beside each that is chosen; none: no probabilities.
  std::optional<size_t> logprobs = {};
  /// With logprobs: the prompt's tokens are given to onPrompt(), too.
  bool scoresPrompt = false;

  std::function<void(std::vector<ScoredToken>)> onPrompt = {};
  /// False if it is the last that is wanted.
  std::function<bool(const ScoredToken &)> onToken = {};
  std::function<void(const Ending &)> onEnd = {};
};

} // namespace gpt2
