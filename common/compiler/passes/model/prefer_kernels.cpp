//===- prefer_kernels.cpp - A kernel for a special case, where there is one ==//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/passes/passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

namespace gpt2 {

#define GEN_PASS_DEF_PREFERKERNELS
#include "compiler/passes/Passes.h.inc"

namespace {

struct PreferKernels : impl::PreferKernelsBase<PreferKernels> {
  using Base::Base;

  void runOnOperation() final {
    SymbolTable symbols(getOperation());
    getOperation().walk([&](func::CallOp call) {
      if (call->getParentOfType<func::FuncOp>().getName().contains(suffix))
        return;
      std::string special = (call.getCallee() + suffix).str();
      if (symbols.lookup(special))
        call.setCallee(special);
    });
  }
};

} // namespace
} // namespace gpt2
