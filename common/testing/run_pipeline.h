//===- run_pipeline.h - Passes on a text, for tests ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <string>

namespace gpt2::testing {

/// The module `text` after `pipeline`, or "failed: " and what went wrong.
std::string runPipeline(const std::string &text, const std::string &pipeline);

} // namespace gpt2::testing
