//===- fold_vector_accesses.cpp - Views into vector.load and .store -----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/passes/passes.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Affine/ViewLikeInterfaceUtils.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/MemRef/Utils/MemRefUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;

namespace gpt2 {

#define GEN_PASS_DEF_FOLDVECTORACCESSES
#include "compiler/passes/Passes.h.inc"

namespace {

/// `access` is of `memory` at `indices` now; its attributes stay.
template <typename Access>
void moveTo(Access access, Value memory, ValueRange indices,
            PatternRewriter &rewriter) {
  rewriter.modifyOpInPlace(access, [&] {
    access.getBaseMutable().assign(memory);
    access.getIndicesMutable().assign(indices);
  });
}

template <typename Access> struct FoldSubview : OpRewritePattern<Access> {
  using OpRewritePattern<Access>::OpRewritePattern;

  LogicalResult matchAndRewrite(Access access,
                                PatternRewriter &rewriter) const final {
    auto view = access.getBase().template getDefiningOp<memref::SubViewOp>();
    if (!view)
      return failure();
    // The vector lies along dimensions that the memory has too, as it has them.
    int64_t rank = view.getSourceType().getRank();
    for (int64_t i = rank - access.getVectorType().getRank(); i < rank; ++i)
      if (i < 0 || view.getDroppedDims().test(i) ||
          !isConstantIntValue(view.getMixedStrides()[i], 1))
        return failure();
    SmallVector<Value> indices;
    affine::resolveIndicesIntoOpWithOffsetsAndStrides(
        rewriter, access.getLoc(), view.getMixedOffsets(),
        view.getMixedStrides(), view.getDroppedDims(), access.getIndices(),
        indices);
    moveTo(access, view.getSource(), indices, rewriter);
    return success();
  }
};

/// Of a row of elements: neighbours in the view are neighbours in its memory,
/// if that is without gaps.
template <typename Access, typename View>
struct FoldReshape : OpRewritePattern<Access> {
  using OpRewritePattern<Access>::OpRewritePattern;

  LogicalResult matchAndRewrite(Access access,
                                PatternRewriter &rewriter) const final {
    auto view = access.getBase().template getDefiningOp<View>();
    if (!view || access.getVectorType().getRank() != 1 ||
        !view.getSrcType().getLayout().isIdentity())
      return failure();
    SmallVector<Value> indices;
    if constexpr (std::is_same_v<View, memref::ExpandShapeOp>)
      memref::resolveSourceIndicesExpandShape(access.getLoc(), rewriter, view,
                                              access.getIndices(), indices,
                                              /*startsInbounds=*/true);
    else
      memref::resolveSourceIndicesCollapseShape(access.getLoc(), rewriter, view,
                                                access.getIndices(), indices);
    moveTo(access, view.getSrc(), indices, rewriter);
    return success();
  }
};

struct FoldVectorAccesses : impl::FoldVectorAccessesBase<FoldVectorAccesses> {
  void runOnOperation() final {
    RewritePatternSet patterns(&getContext());
    addFolds<vector::LoadOp>(patterns);
    addFolds<vector::StoreOp>(patterns);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }

private:
  template <typename Access> static void addFolds(RewritePatternSet &patterns) {
    patterns
        .add<FoldSubview<Access>, FoldReshape<Access, memref::ExpandShapeOp>,
             FoldReshape<Access, memref::CollapseShapeOp>>(
            patterns.getContext());
  }
};

} // namespace
} // namespace gpt2
