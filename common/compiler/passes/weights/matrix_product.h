//===- matrix_product.h - Products of rows and a matrix of weights ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <optional>

namespace gpt2 {

/// A linalg.generic that adds products of an entry's gpt2.matrix, or one
/// layer's part of it, and of something else.
struct MatrixProduct {
  mlir::linalg::GenericOp op;
  mlir::BlockArgument argument; ///< the entry's
  mlir::OpOperand *matrix;      ///< the operand that is of `argument`
  mlir::OpOperand *other;       ///< the other factor

  mlir::RankedTensorType matrixType() const {
    return mlir::cast<mlir::RankedTensorType>(matrix->get().getType());
  }
  /// The dimension of the matrix that sums run over; the other is that of its
  /// columns.
  unsigned termsDim() const;
  /// How many products a sum has.
  int64_t terms() const { return matrixType().getDimSize(termsDim()); }
  /// Whether the matrix is (in, out), one row for each term.
  bool columnsLast() const { return termsDim() == 0; }
  /// The slice that takes one layer's matrix from all; null if there is none.
  mlir::tensor::ExtractSliceOp slice() const {
    return matrix->get().getDefiningOp<mlir::tensor::ExtractSliceOp>();
  }
};

/// `op` as such a product, if it is one.
std::optional<MatrixProduct> matrixProductIn(mlir::linalg::GenericOp op);

/// An empty tensor of `like`'s sizes.
mlir::Value emptyLike(mlir::OpBuilder &builder, mlir::Location loc,
                      mlir::Value like, mlir::Type element);

} // namespace gpt2
