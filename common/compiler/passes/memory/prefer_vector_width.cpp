//===- prefer_vector_width.cpp - How wide LLVM's vectors shall be -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/passes/passes.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinOps.h"

using namespace mlir;

namespace gpt2 {

#define GEN_PASS_DEF_PREFERVECTORWIDTH
#include "compiler/passes/Passes.h.inc"

namespace {

struct PreferVectorWidth : impl::PreferVectorWidthBase<PreferVectorWidth> {
  using Base::Base;

  void runOnOperation() final {
    if (auto found =
            getOperation().lookupSymbol<LLVM::LLVMFuncOp>(function.getValue()))
      found.setPreferVectorWidth(std::to_string(bits));
  }
};

} // namespace
} // namespace gpt2
