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

/// Each number of a vector is reduced for itself if it fills a register: of
/// smaller ones, upstream's patterns put several into one.
struct SplitVector : OpRewritePattern<gpu::SubgroupReduceOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(gpu::SubgroupReduceOp op,
                                PatternRewriter &rewriter) const final {
    auto type = dyn_cast<VectorType>(op.getType());
    if (!type || type.getElementTypeBitWidth() < shuffleBits)
      return failure();
    SmallVector<Value> reduced;
    for (int64_t i = 0; i < type.getNumElements(); ++i) {
      Value element =
          vector::ExtractOp::create(rewriter, op.getLoc(), op.getValue(), i);
      reduced.push_back(gpu::SubgroupReduceOp::create(
          rewriter, op.getLoc(), element, op.getOp(), op.getUniform(),
          op.getClusterSize(), op.getClusterStride()));
    }
    rewriter.replaceOpWithNewOp<vector::FromElementsOp>(op, type, reduced);
    return success();
  }
};

struct LowerGpuReductions : impl::LowerGpuReductionsBase<LowerGpuReductions> {
  using Base::Base;

  void runOnOperation() final {
    RewritePatternSet patterns(&getContext());
    patterns.add<SplitVector>(&getContext(), PatternBenefit(4));
    populateGpuBreakDownSubgroupReducePatterns(patterns, shuffleBits,
                                               PatternBenefit(3));
    populateGpuLowerSubgroupReduceToShufflePatterns(
        patterns, subgroupSize, shuffleBits, PatternBenefit(2));
    populateGpuLowerClusteredSubgroupReduceToShufflePatterns(
        patterns, subgroupSize, shuffleBits, PatternBenefit(2));
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      return signalPassFailure();
    WalkResult left =
        getOperation()->walk([](gpu::SubgroupReduceOp op) -> WalkResult {
          return op.emitError("lower-gpu-reductions knows no shuffles for ")
                 << op.getType() << " here";
        });
    if (left.wasInterrupted())
      signalPassFailure();
  }
};

} // namespace
} // namespace gpt2
