//===- dialect.h - The dialect of our attributes ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "mlir/IR/Dialect.h"

namespace gpt2 {

/// `gpt2`: no operations and no types, only attributes of others' operations
/// and arguments (attributes.h). MLIR's verifier asks it of each: a misspelt or
/// misplaced one is an error at its line, not silence.
class Gpt2Dialect : public mlir::Dialect {
public:
  explicit Gpt2Dialect(mlir::MLIRContext *context);
  static llvm::StringRef getDialectNamespace() { return "gpt2"; }

  llvm::LogicalResult
  verifyOperationAttribute(mlir::Operation *op,
                           mlir::NamedAttribute attribute) override;
  llvm::LogicalResult
  verifyRegionArgAttribute(mlir::Operation *op, unsigned region,
                           unsigned argument,
                           mlir::NamedAttribute attribute) override;
};

/// All dialects that texts and passes may use: MLIR's with their extensions and
/// translations to LLVM IR, and ours.
const mlir::DialectRegistry &dialectRegistry();

} // namespace gpt2
