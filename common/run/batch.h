//===- batch.h - Many prompts at once -----------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "model/generate.h"
#include "run/sequence.h"

#include <functional>
#include <vector>

namespace gpt2 {

struct BatchOptions {
  size_t width = 1; ///< sequences that are computed at once
  int64_t maxNewTokens = 100;
  ContextPolicy context = ContextPolicy::Stop;
  SamplerOptions sampler; ///< each prompt has random numbers of its own
  std::function<void()> beforeStep = {}; ///< what it throws ends it all
};

/// What continuing a batch took.
struct BatchTimes {
  double prefillSeconds = 0, stepSeconds = 0;
  int64_t steps = 0;      ///< in which all sequences got a token
  int64_t stepTokens = 0; ///< that they got
};

/// Continues prompts (ids, 1 to P of each), `width` of them side by side: a
/// prompt's sequence joins when there is room for it, and leaves when it is
/// done. What comes of a prompt does not depend on the others. Calls `onDone`
/// in the order of their ends, with a prompt's index.
BatchTimes
continueAll(Forward &forward, const Config &config,
            const std::vector<std::vector<int32_t>> &prompts,
            const BatchOptions &options,
            const std::function<void(size_t, const Generation &)> &onDone);

} // namespace gpt2
