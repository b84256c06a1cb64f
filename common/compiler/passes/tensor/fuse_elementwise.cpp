//===- fuse_elementwise.cpp - Two bodies become one ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/passes/passes.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;

namespace gpt2 {

#define GEN_PASS_DEF_FUSEELEMENTWISE
#include "compiler/passes/Passes.h.inc"

namespace {

/// Whether each element of `operand` is read in one iteration only.
bool isReadOnce(OpOperand &operand) {
  auto consumer = cast<linalg::LinalgOp>(operand.getOwner());
  AffineMap map = consumer.getMatchingIndexingMap(&operand);
  return llvm::all_of(llvm::seq<unsigned>(consumer.getNumLoops()),
                      [&](unsigned loop) { return map.isFunctionOfDim(loop); });
}

struct FuseElementwise : impl::FuseElementwiseBase<FuseElementwise> {
  void runOnOperation() final {
    RewritePatternSet patterns(&getContext());
    linalg::populateElementwiseOpsFusionPatterns(
        patterns, [](OpOperand *operand) {
          return operand->get().hasOneUse() && isReadOnce(*operand);
        });
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
} // namespace gpt2
