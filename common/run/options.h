//===- options.h - The options of whatever runs a model -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "run/run.h"
#include "support/options.h"

namespace gpt2 {

/// What --help groups options under.
namespace categories {
inline constexpr const char *input = "What to continue",
                            *sampling = "How to choose tokens",
                            *machine = "Where it runs",
                            *serving = "Serving",
                            *looking = "Looking at it and checking it";
} // namespace categories

/// The options that chapters' programs and gpt2-run have in common, which set
/// `run`.
std::vector<Option> runOptions(RunOptions &run);

} // namespace gpt2
