//===- matrix_product.cpp - Products of rows and a matrix of weights ----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/passes/weights/matrix_product.h"
#include "compiler/passes/passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

namespace gpt2 {
namespace {

/// The entry's matrix that `value` is, or is one layer of; null if none.
BlockArgument matrixOf(Value value) {
  if (auto slice = value.getDefiningOp<tensor::ExtractSliceOp>())
    value = slice.getSource();
  auto argument = dyn_cast<BlockArgument>(value);
  if (!argument || !argument.getOwner()->isEntryBlock())
    return nullptr;
  auto entry = dyn_cast<func::FuncOp>(argument.getOwner()->getParentOp());
  return entry && entry.getArgAttr(argument.getArgNumber(), matrixAttr)
             ? argument
             : nullptr;
}

/// Whether `op` yields its result's element plus a product of its inputs'.
bool addsProducts(linalg::GenericOp op) {
  Operation *sum = op.getBody()->getTerminator()->getOperand(0).getDefiningOp();
  if (!sum || !isa<arith::AddFOp, arith::AddIOp>(sum))
    return false;
  return llvm::any_of(sum->getOperands(), [](Value term) {
    Operation *product = term.getDefiningOp();
    return product && isa<arith::MulFOp, arith::MulIOp>(product);
  });
}

} // namespace

unsigned MatrixProduct::termsDim() const {
  linalg::GenericOp product = op;
  SmallVector<unsigned> sums;
  product.getReductionDims(sums);
  AffineMap map = product.getMatchingIndexingMap(matrix);
  return map.getDimPosition(0) == sums.front() ? 0 : 1;
}

std::optional<MatrixProduct> matrixProductIn(linalg::GenericOp op) {
  if (!op.hasPureTensorSemantics() || op.getNumDpsInputs() != 2 ||
      op.getNumDpsInits() != 1 || op.getNumReductionLoops() != 1 ||
      !addsProducts(op))
    return std::nullopt;
  SmallVector<unsigned> sums;
  op.getReductionDims(sums);
  for (int64_t i : {0, 1}) {
    OpOperand *operand = op.getDpsInputOperand(i);
    BlockArgument argument = matrixOf(operand->get());
    AffineMap map = op.getMatchingIndexingMap(operand);
    if (argument && map.getNumResults() == 2 && map.isProjectedPermutation() &&
        map.isFunctionOfDim(sums.front()))
      return MatrixProduct{op, argument, operand, op.getDpsInputOperand(1 - i)};
  }
  return std::nullopt;
}

Value emptyLike(OpBuilder &builder, Location loc, Value like, Type element) {
  return tensor::EmptyOp::create(
      builder, loc, tensor::getMixedSizes(builder, loc, like), element);
}

} // namespace gpt2
