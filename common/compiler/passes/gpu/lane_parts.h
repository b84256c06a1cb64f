//===- lane_parts.h - What lanes hold of a matrix unit's tiles ----------===//
#pragma once

#include "compiler/codegen/gpu_target.h"

#include "mlir/IR/Builders.h"

#include <functional>

namespace gpt2::lane_parts {

/// A number that depends on the lane: lane / divide % modulo * times.
struct OfLane {
  int64_t divide, modulo, times;
};

/// Where a lane's elements are: a row and a column of its own, and from there
/// on the same for each.
struct Part {
  OfLane row, column;
  llvm::SmallVector<std::pair<int64_t, int64_t>> offsets;

  int64_t size() const { return static_cast<int64_t>(offsets.size()); }
  Part transposed() const {
    Part part{column, row, {}};
    for (auto [down, right] : offsets)
      part.offsets.push_back({right, down});
    return part;
  }
};

/// A chip's matrix unit: what lanes hold of the factors and of the sum, and the
/// instruction.
struct Unit {
  Part a, b, c;
  /// D = A * B + C for the lane's parts.
  std::function<mlir::Value(mlir::OpBuilder &, mlir::Location, mlir::Value,
                            mlir::Value, mlir::Value)>
      multiply;
  /// ldmatrix brings a factor from shared memory.
  bool loadsMatrices = false;
};

/// That of `target`, which has one: see hasMatrixUnits().
Unit unitOf(const GpuTarget &target);

} // namespace gpt2::lane_parts
