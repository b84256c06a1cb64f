//===- pipeline.cpp - Chapter 1: loops in, loops out --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The kernels are loops already. Nothing is optimised at this level: sizes
// become numbers, tensors become memory, loops become branches.
//
//===----------------------------------------------------------------------===//
#include "compiler/pipeline/pipelines.h"

namespace gpt2::ch01_baseline {

Pipeline stages(const PipelineOptions &options) {
  return {
      specializeStage(options), // `?` to numbers, calls to loops
      bufferizeStage(),   // insert and extract to store and load, in place
      llvmDialectStage(), // loops to branches
  };
}

} // namespace gpt2::ch01_baseline
