//===- generate.h - Token after token -----------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "model/config.h"
#include "model/sampler.h"

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace gpt2 {

/// Computes the logits (V) that follow `tokens` (1 to P ids).
using NextLogits = std::function<void(std::span<const int32_t> tokens,
                                      std::span<float> logits)>;

/// Chooses the token that follows `tokens`, and adds to `modelSeconds` the time
/// that the model took of it.
using NextToken = std::function<int32_t(std::span<const int32_t> tokens,
                                        double &modelSeconds)>;

/// Makes the logits of tokens that must not be chosen minus infinity.
void barUnused(std::span<float> logits, const Config &config);

/// `sampler`'s choice by logits from `nextLogits`; keeps references to the
/// sampler and to `config`.
NextToken sampled(const Config &config, NextLogits nextLogits,
                  Sampler &sampler);

enum class StopReason {
  TokenLimit,  ///< as many tokens as were asked for
  EndOfText,   ///< the model ended its text
  ContextFull, ///< the sequence is as long as the model can see
};

/// What happens when a sequence is as long as the model can see.
enum class ContextPolicy {
  Stop,  ///< no more tokens
  Slide, ///< it goes on behind the newest half, as if that were all
};

/// Leaves of `sequence`, which is longer than the context, the newest half of
/// the context, at least one token.
void dropOldest(std::vector<int32_t> &sequence, const Config &config);

struct Generation {
  std::vector<int32_t> tokens; ///< the new ones, without the end of text
  StopReason reason = StopReason::TokenLimit;
  /// Seconds for each step, its sampling included: [0] is the first token.
  std::vector<double> stepSeconds;
  /// Seconds of all steps that the model took.
  double modelSeconds = 0;
};

/// Throws an Error if `ids` holds an id outside the vocabulary.
void checkIds(std::span<const int32_t> ids, const Config &config);

/// Throws an Error if `ids` holds an id outside the vocabulary or is longer
/// than the context.
void checkPrompt(std::span<const int32_t> ids, const Config &config);

/// Makes `prompt` one that can be continued: an empty one begins with the
/// model's token for that; of one that is longer than the context, a policy
/// that slides leaves what dropOldest() leaves. Throws as checkPrompt() does,
/// and if the model has no such token. Returns what there is to tell of it, for
/// people; empty if it is as it was.
std::string preparePrompt(std::vector<int32_t> &prompt, const Config &config,
                          ContextPolicy context);

/// A text that is continued, a token at a time; for all at once: generate().
class TokenStream {
public:
  /// Behind `prompt`, after preparePrompt(), by up to `maxNewTokens` tokens.
  /// Keeps a reference to `config`.
  TokenStream(const Config &config, std::vector<int32_t> prompt,
              int64_t maxNewTokens, NextToken nextToken,
              ContextPolicy context = ContextPolicy::Stop);

  /// The next token; none if there is none more.
  std::optional<int32_t> next();

  /// What came of it so far.
  const Generation &generation() const { return result; }

private:
  std::optional<int32_t> stop(StopReason reason);

  const Config &config;
  std::vector<int32_t> sequence;
  int64_t maxNewTokens;
  NextToken nextToken;
  ContextPolicy context;
  Generation result;
  bool isDone = false;
};

/// Continues `prompt` by up to `maxNewTokens` tokens, calling `onToken` with
/// each as it is made: a TokenStream to its end.
Generation generate(const Config &config, std::vector<int32_t> prompt,
                    int64_t maxNewTokens, const NextToken &nextToken,
                    const std::function<void(int32_t)> &onToken,
                    ContextPolicy context = ContextPolicy::Stop);

} // namespace gpt2
