//===- pass_trace.h - What each pass did --------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "compiler/compile.h"

namespace gpt2 {

/// One pass of a pipeline at work.
struct PassRun {
  std::string stage;         ///< the stage that names it
  std::string pass;          ///< as mlir-opt calls it: "cse"
  std::string before, after; ///< the whole program as text

  bool isIdle() const { return before == after; }
};

/// Runs the request's stages and tells of each pass they name, in order. What a
/// pass runs within itself counts as the pass's.
std::vector<PassRun> tracePasses(const CompileRequest &request);

/// `before` and `after` line by line: lines that went begin with '-', those
/// that came with '+', and up to three around them with ' '. White space at the
/// start of lines does not count. Uses the system's `diff`.
std::string differenceOf(const std::string &before, const std::string &after);

} // namespace gpt2
