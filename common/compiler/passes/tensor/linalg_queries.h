//===- linalg_queries.h - What several passes ask of linalg -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace gpt2 {

/// Whether `op` reads no tensor: it fills its result with what it knows.
inline bool isFill(mlir::linalg::LinalgOp op) {
  return llvm::none_of(op.getDpsInputs(), [](mlir::Value input) {
    return llvm::isa<mlir::ShapedType>(input.getType());
  });
}

} // namespace gpt2
