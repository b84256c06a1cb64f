//===- tap.h - Looking at what a kernel of the skeleton returns ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "mlir/IR/BuiltinOps.h"

#include <span>
#include <string>
#include <vector>

namespace gpt2 {

/// A call of a kernel in the function forward whose result has a row for each
/// token.
struct KernelCall {
  std::string kernel;
  std::string where; ///< file:line
  bool isInLayer = false;
};

/// These calls, in the order in which they run in a layer. A kernel is what
/// another file than the skeleton defines.
std::vector<KernelCall> kernelCalls(mlir::ModuleOp program);

/// Makes the function forward write the result of each call of `indices` into
/// an argument of its own, behind all others: a tensor (L, T, tapWidth(index)),
/// of which a call that is in no layer fills the first part. Everything else
/// stays as it is.
void tapKernelCalls(mlir::ModuleOp program, std::span<const size_t> indices);

/// The letter of the result's width.
std::string tapWidth(size_t index);

} // namespace gpt2
