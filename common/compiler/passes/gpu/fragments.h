//===- fragments.h - Which elements of a tile a lane holds ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "compiler/codegen/gpu_target.h"

#include "mlir/IR/Builders.h"

#include <functional>

namespace gpt2::fragments {

/// A number that depends on the lane: lane / divide % modulo * times.
struct LaneTerm {
  int64_t divide, modulo, times;
};

/// Where a lane's elements are: a row and a column of its own, and from there
/// on the same for each.
struct FragmentLayout {
  LaneTerm row, column;
  llvm::SmallVector<std::pair<int64_t, int64_t>> offsets;

  int64_t size() const { return static_cast<int64_t>(offsets.size()); }
  FragmentLayout transposed() const {
    FragmentLayout fragment{column, row, {}};
    for (auto [down, right] : offsets)
      fragment.offsets.push_back({right, down});
    return fragment;
  }
};

/// A chip's matrix unit: what lanes hold of the factors and of the sum, and the
/// instruction.
struct Unit {
  FragmentLayout a, b, c;
  /// D = A * B + C for the lane's fragments.
  std::function<mlir::Value(mlir::OpBuilder &, mlir::Location, mlir::Value,
                            mlir::Value, mlir::Value)>
      multiply;
  /// ldmatrix brings a factor from shared memory.
  bool loadsMatrices = false;
};

/// That of `target`, which has one: see hasMatrixUnits().
Unit unitOf(const GpuTarget &target);

} // namespace gpt2::fragments
