//===- lane_places.h - Where in memory a lane finds its part of a tile --===//
#pragma once

#include "compiler/passes/gpu/lane_parts.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

namespace gpt2::lane_parts {

/// The lane's number in its subgroup.
mlir::Value laneId(mlir::OpBuilder &builder, mlir::Location loc);

/// `number` of `lane`, an index.
mlir::Value numberOf(mlir::OpBuilder &builder, mlir::Location loc,
                     mlir::Value lane, const OfLane &number);

/// A lane's places in a tile at %rows, %columns of a memref.
class Places {
public:
  Places(mlir::OpBuilder &builder, mlir::Location loc, const Part &part,
         mlir::Value row, mlir::Value column)
      : builder(builder), loc(loc), part(part) {
    mlir::Value lane = laneId(builder, loc);
    rowOfLane = add(row, numberOf(builder, loc, lane, part.row));
    columnOfLane = add(column, numberOf(builder, loc, lane, part.column));
  }

  mlir::Value row(int64_t i) { return add(rowOfLane, part.offsets[i].first); }
  mlir::Value column(int64_t i) {
    return add(columnOfLane, part.offsets[i].second);
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
  const Part &part;
  mlir::Value rowOfLane, columnOfLane;
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

/// The lane's part of a factor of bf16 in shared memory, (8), by ldmatrix.
/// `role` is "a", "b" or "b transposed".
mlir::Value loadMatrices(mlir::OpBuilder &builder, mlir::Location loc,
                         mlir::Value memory, const TileIndices &tile,
                         mlir::StringAttr role, mlir::Type element);

/// The lane's part of sums, or of numbers for rows if `tile` has one column.
llvm::SmallVector<mlir::Value>
loadSums(mlir::OpBuilder &builder, mlir::Location loc, const Unit &unit,
         mlir::Value memory, const TileIndices &tile, bool isOneColumn = false);

} // namespace gpt2::lane_parts
