//===- buffer_size.cpp - How large a buffer can get ---------------------===//
#include "compiler/buffer_size.h"

#include "mlir/Interfaces/ValueBoundsOpInterface.h"

using namespace mlir;

namespace gpt2 {

std::optional<int64_t> largestBytes(Value buffer, std::optional<int64_t> max) {
  auto type = cast<MemRefType>(buffer.getType());
  int64_t bytes = llvm::divideCeil(type.getElementTypeBitWidth(), 8);
  for (int64_t i = 0; i < type.getRank(); ++i) {
    std::optional<int64_t> size = type.getDimSize(i);
    if (type.isDynamicDim(i)) {
      // A view does not tell MLIR about its sizes, but its operands do.
      ValueBoundsConstraintSet::Variable variable(buffer, i);
      if (auto view = buffer.getDefiningOp<memref::ViewOp>())
        variable = view.getSizes()[type.getDynamicDimIndex(i)];
      FailureOr<int64_t> bound = ValueBoundsConstraintSet::computeConstantBound(
          presburger::BoundType::UB, variable, /*stopCondition=*/nullptr,
          /*closedUB=*/true);
      size = max;
      if (succeeded(bound))
        size = max ? std::min(*bound, *max) : *bound;
    }
    if (!size)
      return std::nullopt;
    bytes *= *size;
  }
  return bytes;
}

} // namespace gpt2
