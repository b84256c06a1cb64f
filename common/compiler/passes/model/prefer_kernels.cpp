//===- prefer_kernels.cpp - A kernel for a special case, where there is one ==//
//
// A call of @linear becomes one of @linear_in_bf16 if there is such a function:
// prefer-kernels{suffix=_in_bf16}. What special functions call stays.
//
// Run it before `inline`.
//
//===----------------------------------------------------------------------===//
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
