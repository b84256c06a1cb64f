//===- panels.cpp - Where a packed matrix has its elements --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/passes/weights/panels.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Interfaces/LoopLikeInterface.h"

using namespace mlir;

namespace gpt2 {
namespace {

bool isMultipleOf(AffineExpr expr, ValueRange dims, ValueRange symbols,
                  int64_t of) {
  if (expr.isMultipleOf(of))
    return true;
  if (auto dim = dyn_cast<AffineDimExpr>(expr))
    return isMultiple(OpFoldResult(dims[dim.getPosition()]), of);
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr))
    return isMultiple(OpFoldResult(symbols[symbol.getPosition()]), of);
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary)
    return false;
  bool left = isMultipleOf(binary.getLHS(), dims, symbols, of);
  bool right = isMultipleOf(binary.getRHS(), dims, symbols, of);
  if (binary.getKind() == AffineExprKind::Add)
    return left && right;
  return binary.getKind() == AffineExprKind::Mul && (left || right);
}

/// Where the number of the panel stands: behind the layer, if there is one.
unsigned panelDim(unsigned rank) { return rank - 2; }

} // namespace

bool isMultiple(OpFoldResult value, int64_t of) {
  if (std::optional<int64_t> constant = getConstantIntValue(value))
    return *constant % of == 0;
  auto ssa = cast<Value>(value);
  if (auto apply = ssa.getDefiningOp<affine::AffineApplyOp>()) {
    AffineMap map = apply.getAffineMap();
    ValueRange operands = apply.getMapOperands();
    return isMultipleOf(map.getResult(0), operands.take_front(map.getNumDims()),
                        operands.drop_front(map.getNumDims()), of);
  }
  auto argument = dyn_cast<BlockArgument>(ssa);
  if (!argument)
    return false;
  auto loop = dyn_cast<LoopLikeOpInterface>(argument.getOwner()->getParentOp());
  if (!loop)
    return false;
  std::optional<SmallVector<Value>> variables = loop.getLoopInductionVars();
  if (!variables)
    return false;
  for (auto [i, variable] : llvm::enumerate(*variables))
    if (variable == ssa)
      return isMultiple((*loop.getLoopLowerBounds())[i], of) &&
             isMultiple((*loop.getLoopSteps())[i], of);
  return false;
}

SmallVector<int64_t> Panels::shapeOf(ArrayRef<int64_t> plain) const {
  SmallVector<int64_t> shape(plain);
  int64_t count = plain[columns];
  shape.erase(shape.begin() + columns);
  shape.insert(shape.begin() + panelDim(plain.size()),
               llvm::divideCeil(count, width));
  shape.push_back(width * depth);
  if (depth > 1)
    shape[plain.size() - 1] /= depth;
  return shape;
}

SmallVector<Value> Panels::indicesOf(OpBuilder &builder, Location loc,
                                     ValueRange indices) const {
  AffineExpr column = builder.getAffineDimExpr(0);
  AffineExpr row = builder.getAffineDimExpr(1);
  // Rows matter for a depth, which only matrices with columns behind them have.
  OpFoldResult index = indices[columns];
  OpFoldResult rowIndex = depth > 1 ? indices[columns - 1] : Value();
  auto part = [&](AffineExpr expr) {
    SmallVector<OpFoldResult> operands{index};
    if (depth > 1)
      operands.push_back(rowIndex);
    return getValueOrCreateConstantIndexOp(
        builder, loc,
        affine::makeComposedFoldedAffineApply(builder, loc, expr, operands));
  };
  SmallVector<Value> moved(indices);
  moved.erase(moved.begin() + columns);
  moved.insert(moved.begin() + panelDim(indices.size()),
               part(column.floorDiv(width)));
  if (depth > 1) {
    moved.back() = part(row.floorDiv(depth));
    moved.push_back(part(column % width * depth + row % depth));
  } else {
    moved.push_back(part(column % width));
  }
  return moved;
}

unsigned Panels::dimOf(unsigned i, unsigned rank) const {
  if (i == columns)
    return rank; // within a panel
  unsigned behind = i - (i > columns);
  return behind + (behind >= panelDim(rank));
}

} // namespace gpt2
