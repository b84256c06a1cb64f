//===- pipeline.cpp - Chapter 7: programs for steps of one size ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The chapter before computes tokens in blocks of 6 or 8 rows: of a step of 2
// tokens it computes a whole block, most of it for nobody. A program for steps
// of T tokens has blocks that T is a multiple of, or nearly so. That is all that
// is new in it: what it computes, and how weights lie in memory, is the same.
//
//===----------------------------------------------------------------------===//
#include "compiler/pipeline/pipelines.h"
#include "compiler/schedule/schedule.h"

namespace gpt2 {
namespace ch06_vectorize {
Pipeline stages(const PipelineOptions &options);
namespace gpu {
Pipeline stages(const PipelineOptions &options);
}
} // namespace ch06_vectorize

namespace ch07_specialize {
namespace {

/// Rows of a block, at most `most`, for steps of `tokens` tokens: of the fewest
/// blocks, the smallest.
int64_t rowsFor(int64_t tokens, int64_t most) {
  int64_t blocks = (tokens + most - 1) / most;
  return (tokens + blocks - 1) / blocks;
}

} // namespace

Pipeline stages(const PipelineOptions &options) {
  if (!options.stepTokens)
    return ch06_vectorize::stages(options);
  PipelineOptions ofSteps = options;
  ofSteps.numbers["rows"] =
      rowsFor(*options.stepTokens, numberIn(options.schedule.front(), "rows"));
  return ch06_vectorize::stages(ofSteps);
}

namespace gpu {

Pipeline stages(const PipelineOptions &options) {
  return ch06_vectorize::gpu::stages(options);
}

} // namespace gpu
} // namespace ch07_specialize
} // namespace gpt2
