//===- generate.h - Token after token -----------------------------------===//
#pragma once

#include "model/config.h"
#include "model/sampler.h"

#include <chrono>
#include <functional>
#include <vector>

namespace gpt2 {

/// Computes the logits (V) that follow `tokens` (1 to P ids).
using NextLogits = std::function<void(std::span<const int32_t> tokens,
                                      std::span<float> logits)>;

enum class StopReason {
  TokenLimit,  ///< as many tokens as were asked for
  EndOfText,   ///< the model ended its text
  ContextFull, ///< the sequence is as long as the model can see
};

struct Generation {
  std::vector<int32_t> tokens; ///< the new ones, without the end of text
  StopReason reason = StopReason::TokenLimit;
  /// Seconds for each step, its sampling included: [0] is the first token.
  std::vector<double> stepSeconds;
  /// Seconds of all steps spent within `NextLogits`.
  double modelSeconds = 0;
};

/// Throws an Error if `ids` holds an id outside the vocabulary or is longer
/// than the context.
void checkPrompt(std::span<const int32_t> ids, const Config &config);

/// Continues `prompt` by up to `maxNewTokens` tokens, calling `onToken` with
/// each as it is made. An empty prompt starts from the end-of-text token, as
/// training did. Throws as `checkPrompt` does.
Generation generate(const Config &config, std::vector<int32_t> prompt,
                    int64_t maxNewTokens, Sampler &sampler,
                    const NextLogits &nextLogits,
                    const std::function<void(int32_t)> &onToken);

} // namespace gpt2
