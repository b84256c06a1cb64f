//===- build.h - What is compiled ---------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "chapter/chapter.h"
#include "compiler/compile.h"
#include "compiler/inspect/score.h"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace gpt2 {

/// The sizes that common/gpt2.mlir names L, H, D, C, F, V, P. T and N stay
/// open: one compiled program serves every length of sequence.
Sizes sizesOf(const Config &config);

/// The same for kernels alone, as attention's input is made: also K and N.
Sizes kernelSizes(const Config &config);

/// What is compiled: a chapter's program for a model and a machine, with what a
/// user wants other than the chapter has it. All but the chapter may be set at
/// any time.
struct Build : Specialization {
  /// In f32, for this CPU or, with kernels, the emulator; for a model, with
  /// `more` sizes than its own, or a GPT-2 of which `sizes` are known.
  Build(const Chapter &chapter, const Config &model, const Sizes &more = {});
  Build(const Chapter &chapter, const Sizes &sizes);
  explicit Build(const Chapter &chapter) : Build(chapter, Sizes()) {}

  const Chapter *chapter; ///< never null
  /// The schedule to use; empty: the chapter's for the target.
  std::filesystem::path schedule;
  /// A user's stages. The first is the chapter's own all the same, since the
  /// model's sizes are in it.
  std::optional<Pipeline> pipeline;
  /// A user's texts, in the place of the chapter's of the same names.
  std::vector<std::filesystem::path> texts;

  /// The same for another model.
  Build forModel(const Config &config, const Sizes &more = {}) const;
  Build forSizes(const Sizes &known) const;

  /// The same with kernels: as it is, or of Chapter::onGpu, with its schedule
  /// for the target. None if the chapter has no kernels, or the stages are a
  /// user's for the CPU.
  std::optional<Build> withKernels() const;

  /// The schedule to use and what it shares with others; none if there is none.
  /// Throws an Error if it is for other machines.
  std::vector<std::filesystem::path> scheduleFiles() const;
  /// The chapter's texts, or the user's; the kernel between the MLP's products
  /// is that of the model's activation.
  std::vector<std::filesystem::path> sources() const;
  /// For the model, or for kernels alone.
  Pipeline stages(bool isModel = true) const;
};

/// What there is to compile for `build`.
CompileRequest compileRequest(const Build &build);

/// The same for kernels alone, as the chapter has them: an entry test_NAME for
/// each, or for `kernel` only. Throws an Error that lists the kernels if there
/// is none of that name.
CompileRequest kernelRequest(const Build &build,
                             const std::string &kernel = "");

/// What `build` makes of one kernel of its model: for each pass that changes
/// it, its name and the lines that it changed.
std::string explain(const Build &build, const std::string &kernel);

/// What the program does for `tokens` tokens and one row of logits, with a
/// cache of `cacheBytes` between it and memory; if it keeps keys and values,
/// then behind `kept` tokens of which it has them.
Score scoreOf(const Build &build, int64_t tokens, double cacheBytes,
              int64_t kept = 0);

/// The scores of a prompt and of the token after it.
struct Scores {
  int64_t tokens = 0; ///< of the prompt
  double cacheBytes = 0;
  Score prompt, next;
};

/// Throws an Error if the context is not as long as `tokens` and one.
Scores scoresOf(const Build &build, int64_t tokens, double cacheBytes);

} // namespace gpt2
