//===- panels.h - Where a packed matrix has its elements ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "mlir/IR/Builders.h"

namespace gpt2 {

/// Whether `value`, an index, is always a multiple of `of`: a constant, a
/// loop's variable, or a sum or product of such.
bool isMultiple(mlir::OpFoldResult value, int64_t of);

/// How a matrix, perhaps one for each layer, is laid out: some of its columns,
/// then the same columns of the next row. "Columns" are a dimension of it. If
/// an instruction adds products of `depth` rows, these are together: of a
/// column `depth` rows' elements, then those of the next column.
struct Panels {
  unsigned columns;  ///< the dimension of the plain matrix that is cut
  int64_t width;     ///< of a panel
  int64_t depth = 1; ///< more than one only if columns come last

  bool operator==(const Panels &) const = default;

  /// The packed matrix's: the columns give way to the number of their panel,
  /// and come last, within it, each with its `depth` elements.
  llvm::SmallVector<int64_t> shapeOf(llvm::ArrayRef<int64_t> plain) const;

  /// Where the element is that was at `indices`.
  llvm::SmallVector<mlir::Value> indicesOf(mlir::OpBuilder &builder,
                                           mlir::Location loc,
                                           mlir::ValueRange indices) const;

  /// Where dimension `i` of the plain matrix, of rank `rank`, is.
  unsigned dimOf(unsigned i, unsigned rank) const;
};

} // namespace gpt2
