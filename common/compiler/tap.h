//===- tap.h - Looking at what a kernel of the skeleton returns ---------===//
#pragma once

#include "mlir/IR/BuiltinOps.h"

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

/// Makes the function forward write the result of call `index` into one more
/// argument, the last: a tensor (L, T, W), of which a call that is in no layer
/// fills the first part. W is the result's width. Everything else stays as it
/// is.
void tapKernelCall(mlir::ModuleOp program, size_t index);

} // namespace gpt2
