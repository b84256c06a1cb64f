//===- lower_gpu_reductions.cpp - Reductions become shuffles ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/passes/passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/GPU/Transforms/Passes.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;

namespace gpt2 {

#define GEN_PASS_DEF_LOWERGPUREDUCTIONS
#include "compiler/passes/Passes.h.inc"

namespace {

/// What a shuffle exchanges at once: a register.
constexpr unsigned shuffleBits = 32;

struct LowerGpuReductions : impl::LowerGpuReductionsBase<LowerGpuReductions> {
  using Base::Base;

  void runOnOperation() final {
    RewritePatternSet patterns(&getContext());
    populateGpuBreakDownSubgroupReducePatterns(patterns, shuffleBits,
                                               PatternBenefit(3));
    populateGpuLowerSubgroupReduceToShufflePatterns(
        patterns, subgroupSize, shuffleBits, PatternBenefit(2));
    populateGpuLowerClusteredSubgroupReduceToShufflePatterns(
        patterns, subgroupSize, shuffleBits, PatternBenefit(2));
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
} // namespace gpt2
