//===- fragment_access.h - A lane reads its fragment of a tile ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "compiler/passes/gpu/fragments.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

namespace gpt2::fragments {

/// The lane's number in its subgroup.
mlir::Value laneId(mlir::OpBuilder &builder, mlir::Location loc);

/// `number` of `lane`, an index.
mlir::Value termOf(mlir::OpBuilder &builder, mlir::Location loc,
                   mlir::Value lane, const LaneTerm &number);

/// The elements that a lane holds of a tile at %rows, %columns of a memref.
class FragmentElements {
public:
  FragmentElements(mlir::OpBuilder &builder, mlir::Location loc,
                   const FragmentLayout &fragment, mlir::Value row,
                   mlir::Value column)
      : builder(builder), loc(loc), fragment(fragment) {
    mlir::Value lane = laneId(builder, loc);
    firstRow = add(row, termOf(builder, loc, lane, fragment.row));
    firstColumn = add(column, termOf(builder, loc, lane, fragment.column));
  }

  mlir::Value row(int64_t i) {
    return add(firstRow, fragment.offsets[i].first);
  }
  mlir::Value column(int64_t i) {
    return add(firstColumn, fragment.offsets[i].second);
  }

private:
  mlir::Value add(mlir::Value a, mlir::Value b) {
    return mlir::arith::AddIOp::create(builder, loc, a, b);
  }
  mlir::Value add(mlir::Value a, int64_t b) {
    return b == 0
               ? a
               : add(a, mlir::arith::ConstantIndexOp::create(builder, loc, b));
  }

  mlir::OpBuilder &builder;
  mlir::Location loc;
  const FragmentLayout &fragment;
  mlir::Value firstRow, firstColumn;
};

/// A tile's place in a memref of two dimensions or more: the last two.
struct TileIndices {
  llvm::SmallVector<mlir::Value> outer;
  mlir::Value row, column;
  explicit TileIndices(mlir::ValueRange indices)
      : outer(indices.drop_back(2)), row(indices[indices.size() - 2]),
        column(indices.back()) {}
  llvm::SmallVector<mlir::Value> at(mlir::Value r, mlir::Value c) const {
    llvm::SmallVector<mlir::Value> all = outer;
    all.append({r, c});
    return all;
  }
};

/// The lane's fragment of a factor of bf16 in shared memory, (8), by ldmatrix.
/// `role` is "a", "b" or "b transposed".
mlir::Value loadMatrices(mlir::OpBuilder &builder, mlir::Location loc,
                         mlir::Value memory, const TileIndices &tile,
                         mlir::StringAttr role, mlir::Type element);

/// The lane's fragment of sums, or of numbers for rows if `tile` has one
/// column.
llvm::SmallVector<mlir::Value>
loadSums(mlir::OpBuilder &builder, mlir::Location loc, const Unit &unit,
         mlir::Value memory, const TileIndices &tile, bool isOneColumn = false);

} // namespace gpt2::fragments
