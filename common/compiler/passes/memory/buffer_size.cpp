//===- buffer_size.cpp - How large a buffer can get ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/passes/memory/buffer_size.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Interfaces/DataLayoutInterfaces.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include "mlir/Interfaces/ValueBoundsOpInterface.h"

#include <limits>

using namespace mlir;

namespace gpt2 {

namespace {

/// What sizes and indices made of open ones are at most, if an open one is at
/// most `open`. None is below zero.
struct Bounds {
  int64_t open;

  int64_t of(OpFoldResult size) const {
    if (std::optional<int64_t> constant = getConstantIntValue(size))
      return *constant;
    auto value = cast<Value>(size);
    if (auto apply = value.getDefiningOp<affine::AffineApplyOp>())
      return of(apply.getAffineMap(), 0, apply.getMapOperands());
    if (auto least = value.getDefiningOp<affine::AffineMinOp>()) {
      int64_t bound = std::numeric_limits<int64_t>::max();
      for (unsigned i = 0; i < least.getAffineMap().getNumResults(); ++i)
        bound = std::min(bound,
                         of(least.getAffineMap(), i, least.getMapOperands()));
      return bound;
    }
    auto argument = dyn_cast<BlockArgument>(value);
    auto loop =
        argument
            ? dyn_cast<LoopLikeOpInterface>(argument.getOwner()->getParentOp())
            : LoopLikeOpInterface();
    if (loop)
      if (auto variables = loop.getLoopInductionVars())
        for (auto [i, variable] : llvm::enumerate(*variables))
          if (variable == value)
            return of((*loop.getLoopUpperBounds())[i]);
    return open;
  }

private:
  int64_t of(AffineMap map, unsigned result, ValueRange operands) const {
    return most(map.getResult(result), operands.take_front(map.getNumDims()),
                operands.drop_front(map.getNumDims()));
  }

  int64_t most(AffineExpr expr, ValueRange dims, ValueRange symbols) const {
    if (auto constant = dyn_cast<AffineConstantExpr>(expr))
      return constant.getValue();
    if (auto dim = dyn_cast<AffineDimExpr>(expr))
      return of(dims[dim.getPosition()]);
    if (auto symbol = dyn_cast<AffineSymbolExpr>(expr))
      return of(symbols[symbol.getPosition()]);
    auto binary = cast<AffineBinaryOpExpr>(expr);
    int64_t left = most(binary.getLHS(), dims, symbols);
    if (binary.getKind() == AffineExprKind::Add)
      return left + most(binary.getRHS(), dims, symbols);
    // The others are by a constant; of what is subtracted, zero is the least.
    int64_t by = cast<AffineConstantExpr>(binary.getRHS()).getValue();
    switch (binary.getKind()) {
    case AffineExprKind::Mul:
      return by > 0 ? left * by : 0;
    case AffineExprKind::Mod:
      return by - 1;
    case AffineExprKind::FloorDiv:
      return left / by;
    default:
      return llvm::divideCeil(left, by);
    }
  }
};

} // namespace

std::optional<int64_t> elementBytes(MemRefType type) {
  Type element = type.getElementType();
  if (!isa<IntegerType, IndexType, FloatType, ComplexType, VectorType>(element))
    return std::nullopt;
  return DataLayout().getTypeSize(element).getFixedValue();
}

std::optional<int64_t> largestBytes(Value buffer, std::optional<int64_t> max) {
  auto type = cast<MemRefType>(buffer.getType());
  std::optional<int64_t> ofElement = elementBytes(type);
  if (!ofElement)
    return std::nullopt;
  int64_t bytes = *ofElement;
  for (int64_t i = 0; i < type.getRank(); ++i) {
    std::optional<int64_t> size = type.getDimSize(i);
    if (type.isDynamicDim(i)) {
      // A view does not tell MLIR about its sizes, but its operands do.
      ValueBoundsConstraintSet::Variable variable(buffer, i);
      Value open;
      if (auto view = buffer.getDefiningOp<memref::ViewOp>())
        variable = open = view.getSizes()[type.getDynamicDimIndex(i)];
      if (auto alloc = buffer.getDefiningOp<memref::AllocOp>())
        open = alloc.getDynamicSizes()[type.getDynamicDimIndex(i)];
      std::optional<int64_t> most = max;
      if (open && max)
        most = Bounds{*max}.of(open);
      FailureOr<int64_t> bound = ValueBoundsConstraintSet::computeConstantBound(
          presburger::BoundType::UB, variable, /*stopCondition=*/nullptr,
          /*closedUB=*/true);
      size = most;
      if (succeeded(bound))
        size = most ? std::min(*bound, *most) : *bound;
    }
    if (!size)
      return std::nullopt;
    bytes *= *size;
  }
  return bytes;
}

} // namespace gpt2
