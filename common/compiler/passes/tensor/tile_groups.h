//===- tile_groups.h - What can be computed a tile at a time ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What tile-and-fuse asks of linalg operations before it cuts them.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace gpt2 {

/// Whether `op` reduces nothing.
bool isElementwise(mlir::linalg::LinalgOp op);

/// Whether `op` is a sum of products with two loops beside the sum's.
bool isMatrixProduct(mlir::linalg::LinalgOp op);

/// Whether each result is the sum along a row of every operand: a matrix times
/// a vector, or times several.
bool sumsAlongRows(mlir::linalg::LinalgOp op);

/// Whether the terms of a sum may be added in any order.
bool isOfAnyOrder(mlir::linalg::LinalgOp sum);

/// Whether a matrix product has one row.
bool hasOneRow(mlir::linalg::LinalgOp product);

/// The operation whose work a tile of `consumer` is made of: `consumer`, or
/// what elementwise operations lead back to, if that reduces something.
mlir::linalg::LinalgOp rootOf(mlir::linalg::LinalgOp consumer);

/// For each loop of an operation, the loop over tiles that cuts it, or -1.
using Cuts = llvm::SmallVector<int>;

/// `consumer`, cut into tiles of `sizes`, and what can be computed with its
/// tiles and for them alone: all users are in the group, and read a slice that
/// every loop over tiles moves.
llvm::DenseMap<mlir::Operation *, Cuts> groupOf(mlir::linalg::LinalgOp consumer,
                                                llvm::ArrayRef<int64_t> sizes);

} // namespace gpt2
