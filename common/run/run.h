//===- run.h - A model that runs: text, ids or logits -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the chapters' programs and gpt2-run have in common. Nothing of LLVM.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "model/checkpoint/checkpoint.h"
#include "model/generate.h"
#include "model/sampler.h"
#include "run/sequence.h"
#include "run/times.h"

#include <filesystem>
#include <optional>

namespace gpt2 {

struct Prompts;

/// What to run, and what to tell of it.
struct RunOptions {
  std::optional<std::string> prompt; ///< as text
  std::optional<std::filesystem::path> tokenIds;
  std::string model;
  /// A folder or a file; none: the model's.
  std::optional<std::filesystem::path> tokenizer;
  bool noSpecial = false; ///< "<|endoftext|>" in a prompt is text
  int64_t maxNewTokens = 100;
  SamplerOptions sampler;
  ContextPolicy context = ContextPolicy::Stop;
  int64_t prefill = 0; ///< tokens of a prompt at a time; 0: all
  std::optional<std::filesystem::path> prompts;   ///< one a line, as text
  std::optional<std::filesystem::path> promptIds; ///< the same as ids
  int64_t batch = 1; ///< of these are computed at once
  bool ignoreEnd = false, warmUp = false;
  std::optional<std::filesystem::path> dumpLogits;
  bool allPositions = false;
  std::optional<std::filesystem::path> report;
  bool profile = false;
  bool graphs = true; ///< steps that repeat are recorded, where that can be

  /// Throws an Error if they contradict each other.
  void validate() const;
};

/// "stop" or "slide". Throws an Error if it is neither.
ContextPolicy contextPolicy(const std::string &name);

/// Shows how far something has come, on a terminal, once it takes a second.
LoadProgress showProgress(const std::string &what);
inline LoadProgress showLoading() { return showProgress("loading"); }

/// Says on stderr what the model is.
void describeModel(const RunOptions &options, const Checkpoint &checkpoint);

/// Says on stderr how much memory the program is going to keep keys and values
/// in, if it keeps any.
void describeCache(const RunOptions &options, const Config &config,
                   const Executable &program);

/// Whether steps are recorded. Throws an Error if the device could not do that
/// anyway.
void useGraphs(const RunOptions &options, Executable &program);

/// Chooses what follows a text, which `sequence` becomes, by `sampler`, which
/// has `options.sampler`. If that is greedy, nobody needs to see logits, unless
/// `config` has tokens that must not be chosen. Keeps references to all four.
NextToken nextToken(Sequence &sequence, Sampler &sampler, const Config &config,
                    const RunOptions &options);

/// Writes logits, or continues the prompt and streams what comes, as text or as
/// ids; then says what it took.
void run(const RunOptions &options, const Prompts &prompts, Forward &forward,
         Device &device, const Times &times);

/// The ids that --token-ids names. Throws an Error if there are none, or more
/// than the context holds.
std::vector<int32_t> idsOf(const RunOptions &options, const Config &config);

} // namespace gpt2
