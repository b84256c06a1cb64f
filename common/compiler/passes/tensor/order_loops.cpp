//===- order_loops.cpp - The innermost loop walks along rows ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/passes/passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"

using namespace mlir;

namespace gpt2 {

#define GEN_PASS_DEF_ORDERLOOPS
#include "compiler/passes/Passes.h.inc"

namespace {

/// In how many operands a step of `loop` jumps.
int64_t jumpsOf(linalg::LinalgOp op, unsigned loop) {
  return llvm::count_if(op.getIndexingMapsArray(), [&](AffineMap map) {
    return map.getNumResults() > 0 &&
           map.dropResult(map.getNumResults() - 1).isFunctionOfDim(loop);
  });
}

/// How many elements `op` computes; very many if that is not known.
int64_t resultsOf(linalg::LinalgOp op) {
  int64_t results = 1;
  for (auto [size, iterator] :
       llvm::zip_equal(op.getStaticLoopRanges(), op.getIteratorTypesArray()))
    if (linalg::isParallelIterator(iterator))
      results = ShapedType::isDynamic(size) ? INT32_MAX : results * size;
  return results;
}

/// The loops of `op`, outermost first.
SmallVector<unsigned> orderOf(linalg::LinalgOp op, int64_t registers) {
  auto iterators = op.getIteratorTypesArray();
  bool sumsFit = resultsOf(op) <= registers;
  SmallVector<unsigned> loops =
      llvm::to_vector(llvm::seq<unsigned>(op.getNumLoops()));
  llvm::stable_sort(loops, [&](unsigned a, unsigned b) {
    bool sumA = linalg::isReductionIterator(iterators[a]);
    bool sumB = linalg::isReductionIterator(iterators[b]);
    if (sumsFit && sumA != sumB)
      return sumA;
    int64_t jumpsA = jumpsOf(op, a), jumpsB = jumpsOf(op, b);
    if (jumpsA != jumpsB)
      return jumpsA > jumpsB;
    return sumA && !sumB;
  });
  return loops;
}

struct OrderLoops : impl::OrderLoopsBase<OrderLoops> {
  using Base::Base;

  void runOnOperation() final {
    SmallVector<linalg::GenericOp> ops;
    getOperation()->walk([&](linalg::GenericOp op) { ops.push_back(op); });
    IRRewriter rewriter(&getContext());
    for (linalg::GenericOp op : ops) {
      SmallVector<unsigned> order = orderOf(op, registers);
      if (llvm::is_sorted(order))
        continue;
      rewriter.setInsertionPoint(op);
      if (failed(linalg::interchangeGenericOp(rewriter, op, order)))
        return signalPassFailure();
    }
  }
};

} // namespace
} // namespace gpt2
