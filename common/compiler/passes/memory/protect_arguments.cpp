//===- protect_arguments.cpp - Arguments that are not to be written -----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/passes/passes.h"

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

namespace gpt2 {

#define GEN_PASS_DEF_PROTECTARGUMENTS
#include "compiler/passes/Passes.h.inc"

namespace {

struct ProtectArguments : impl::ProtectArgumentsBase<ProtectArguments> {
  void runOnOperation() final {
    func::FuncOp entry = getOperation();
    // What is declared writes what it does; a private function's callers are
    // here, and bufferization sees what becomes of their tensors.
    if (entry.isExternal() || entry.isPrivate())
      return;
    StringRef writable = bufferization::BufferizationDialect::kWritableAttrName;
    for (unsigned i = 0; i < entry.getNumArguments(); ++i)
      if (isa<TensorType>(entry.getArgument(i).getType()) &&
          !entry.getArgAttr(i, writable))
        entry.setArgAttr(i, writable, BoolAttr::get(&getContext(), false));
  }
};

} // namespace
} // namespace gpt2
