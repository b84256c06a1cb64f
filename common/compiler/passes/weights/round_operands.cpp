//===- round_operands.cpp - Both factors of a product in bf16 -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/passes/passes.h"
#include "compiler/passes/weights/matrix_product.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace gpt2 {

#define GEN_PASS_DEF_ROUNDOPERANDS
#include "compiler/passes/Passes.h.inc"

namespace {

struct RoundOperands : impl::RoundOperandsBase<RoundOperands> {
  using Base::Base;

  void runOnOperation() final {
    SmallVector<MatrixProduct> products;
    getOperation().walk([&](linalg::GenericOp op) {
      std::optional<MatrixProduct> product = matrixProductIn(op);
      if (product && product->matrixType().getElementType().isBF16() &&
          product->columnsLast() && product->terms() % depth == 0)
        products.push_back(*product);
    });
    for (MatrixProduct &product : products)
      roundOther(product);
  }

private:
  void roundOther(MatrixProduct &product) {
    OpOperand &operand = *product.other;
    if (!getElementTypeOrSelf(operand.get().getType()).isF32())
      return;
    operand.set(rounded(operand.get()));
    BlockArgument element = product.op.getMatchingBlockArgument(&operand);
    element.setType(BFloat16Type::get(&getContext()));
    OpBuilder builder(&getContext());
    builder.setInsertionPointToStart(product.op.getBody());
    auto wide = arith::ExtFOp::create(builder, product.op.getLoc(),
                                      builder.getF32Type(), element);
    element.replaceAllUsesExcept(wide, wide);
  }

  /// `value` in bf16.
  Value rounded(Value value) {
    if (auto maker = value.getDefiningOp<linalg::GenericOp>();
        maker && value.hasOneUse() &&
        maker.getNumParallelLoops() == maker.getNumLoops() &&
        maker.getNumResults() == 1)
      return roundResult(maker);
    OpBuilder builder(&getContext());
    builder.setInsertionPointAfterValue(value);
    return roundBy(builder, value);
  }

  /// Lets `op` yield bf16.
  Value roundResult(linalg::GenericOp op) {
    Type narrow = BFloat16Type::get(&getContext());
    auto type = cast<RankedTensorType>(op.getResult(0).getType()).clone(narrow);
    OpBuilder builder(op);
    OpOperand &init = op.getDpsInitsMutable()[0];
    BlockArgument out = op.getMatchingBlockArgument(&init);
    if (!out.use_empty()) { // it adds to something
      builder.setInsertionPointAfter(op);
      return roundBy(builder, op.getResult(0));
    }
    init.set(emptyLike(builder, op.getLoc(), init.get(), narrow));
    out.setType(narrow);
    Operation *yield = op.getBody()->getTerminator();
    builder.setInsertionPoint(yield);
    yield->setOperand(0, arith::TruncFOp::create(builder, op.getLoc(), narrow,
                                                 yield->getOperand(0)));
    op.getResult(0).setType(type);
    return op.getResult(0);
  }

  /// An operation that rounds `value`.
  Value roundBy(OpBuilder &builder, Value value) {
    auto type = cast<RankedTensorType>(value.getType());
    Type narrow = BFloat16Type::get(&getContext());
    Location loc = value.getLoc();
    Value empty = emptyLike(builder, loc, value, narrow);
    AffineMap map = builder.getMultiDimIdentityMap(type.getRank());
    SmallVector<utils::IteratorType> parallel(type.getRank(),
                                              utils::IteratorType::parallel);
    auto made = linalg::GenericOp::create(
        builder, loc, empty.getType(), value, empty, ArrayRef{map, map},
        parallel, [&](OpBuilder &body, Location loc, ValueRange elements) {
          linalg::YieldOp::create(
              body, loc,
              arith::TruncFOp::create(body, loc, narrow, elements[0])
                  .getResult());
        });
    made->setAttr(operationAttr, builder.getStringAttr("rounded"));
    made->setAttr(resultAttr, builder.getUnitAttr());
    return made.getResult(0);
  }
};

} // namespace
} // namespace gpt2
