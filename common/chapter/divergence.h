//===- divergence.h - Where two versions of GPT-2 part ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "chapter/build.h"
#include "model/weights.h"
#include "reference/comparison.h"

#include <optional>

namespace gpt2 {

/// A GPT-2 to be compared: a chapter's, for the model of the weights, or the
/// reference's if there is none.
struct Version {
  const Build *build;
  Weights *weights;
};

/// A kernel's result that differs by more than rounding explains.
struct Divergence {
  std::optional<int64_t> layer; ///< none before the layers and behind them
  std::string kernel, where;    ///< its name, and the call's file and line
  Comparison comparison;
  double tolerance;
  std::vector<int64_t> index; ///< of the largest difference: token, channel

  std::string describe() const;
};

/// Runs both versions on `tokens` and returns the first kernel, in the order in
/// which they run, whose results differ; nothing if there is none. Results are
/// taken from one program, compiled with the chapter's whole pipeline (and LLVM
/// at -O1) and one more output for each kernel. If none differs and the logits
/// of the program without outputs do, each is taken from a program with one
/// more output only, so that a fault of fusion shows where it arises.
std::optional<Divergence> firstDivergence(const Version &actual,
                                          const Version &expected,
                                          std::span<const int32_t> tokens);

} // namespace gpt2
