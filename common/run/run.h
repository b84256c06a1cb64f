//===- run.h - A model that runs: text, ids or logits -------------------===//
//
// What the chapters' programs and gpt2-run have in common. Nothing of LLVM.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "device/forward.h"
#include "model/checkpoint.h"
#include "model/sampler.h"
#include "run/times.h"

#include <filesystem>
#include <optional>

namespace gpt2 {

/// What to run, and what to tell of it.
struct RunOptions {
  std::optional<std::string> prompt; ///< as text
  std::optional<std::filesystem::path> tokenIds;
  std::string model;
  int64_t maxNewTokens = 100;
  SamplerOptions sampler;
  bool ignoreEnd = false, warmUp = false;
  std::optional<std::filesystem::path> dumpLogits;
  bool allPositions = false;
  std::optional<std::filesystem::path> report;
  bool profile = false;

  /// Throws an Error if they contradict each other.
  void validate() const;
};

/// Shows how far loading has come, on a terminal, once it takes a second.
LoadProgress showLoading();

/// Says on stderr what the model is.
void describeModel(const RunOptions &options, const Checkpoint &checkpoint);

/// Writes logits, or continues the prompt and streams what comes, as text or as
/// ids; then says what it took.
void run(const RunOptions &options, const Checkpoint &checkpoint,
         Forward &forward, Device &device, const Times &times);

/// The ids that --token-ids names. Throws an Error if there are none, or more
/// than the context holds.
std::vector<int32_t> idsOf(const RunOptions &options, const Config &config);

/// Throws an Error if what was printed did not get through.
void requireOutput();

} // namespace gpt2
