//===- link.h - One program from a skeleton and its kernels -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

#include <filesystem>
#include <vector>

namespace gpt2 {

/// Parses `sources` and merges them into one module, by symbol: a function that
/// one file declares is the one that another defines. Throws an Error, with
/// file, line and column, on a syntax error, on two definitions of a name, on a
/// definition whose type is not the declared one, and on a declaration that no
/// file defines.
mlir::OwningOpRef<mlir::ModuleOp>
link(mlir::MLIRContext &context,
     const std::vector<std::filesystem::path> &sources);

} // namespace gpt2
