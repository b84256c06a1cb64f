//===- run_pipeline.h - Passes on a text, for tests ---------------------===//
#pragma once

#include <string>

namespace gpt2::testing {

/// The module `text` after `pipeline`, or "failed: " and what went wrong.
std::string runPipeline(const std::string &text, const std::string &pipeline);

} // namespace gpt2::testing
