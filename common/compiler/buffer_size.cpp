//===- buffer_size.cpp - How large a buffer can get ---------------------===//
#include "compiler/buffer_size.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Interfaces/ValueBoundsOpInterface.h"

using namespace mlir;

namespace gpt2 {

namespace {

/// Whether `expr` is no smaller if what it is of is larger.
bool grows(AffineExpr expr) {
  if (isa<AffineDimExpr, AffineSymbolExpr, AffineConstantExpr>(expr))
    return true;
  auto binary = cast<AffineBinaryOpExpr>(expr);
  if (binary.getKind() == AffineExprKind::Add)
    return grows(binary.getLHS()) && grows(binary.getRHS());
  auto by = dyn_cast<AffineConstantExpr>(binary.getRHS());
  return by && by.getValue() > 0 && binary.getKind() != AffineExprKind::Mod &&
         grows(binary.getLHS());
}

/// What `size`, a size made of open ones, is at most if they are at most `max`.
int64_t boundOf(Value size, int64_t max) {
  auto apply = size.getDefiningOp<affine::AffineApplyOp>();
  if (!apply || !grows(apply.getAffineMap().getResult(0)))
    return max;
  Builder builder(size.getContext());
  SmallVector<Attribute> bounds;
  for (Value operand : apply.getMapOperands())
    bounds.push_back(builder.getIndexAttr(boundOf(operand, max)));
  SmallVector<Attribute> folded;
  if (failed(apply.getAffineMap().constantFold(bounds, folded)))
    return max;
  return cast<IntegerAttr>(folded.front()).getInt();
}

} // namespace

std::optional<int64_t> largestBytes(Value buffer, std::optional<int64_t> max) {
  auto type = cast<MemRefType>(buffer.getType());
  int64_t bytes = llvm::divideCeil(type.getElementTypeBitWidth(), 8);
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
        most = boundOf(open, *max);
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
