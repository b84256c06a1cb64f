//===- prefer_kernels.cpp - A kernel for a special case, where there is one ==//
//
// A call of @linear becomes one of @linear_in_bf16 if there is such a function:
// prefer-kernels{suffix=_in_bf16}. What special functions call stays.
//
// Run it before `inline`.
//
//===----------------------------------------------------------------------===//
#include "compiler/passes/gpu/matrix_units.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

namespace gpt2 {
namespace {

struct PreferKernels : PassWrapper<PreferKernels, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(PreferKernels)

  PreferKernels() = default;
  PreferKernels(const PreferKernels &other) : PassWrapper(other) {}

  StringRef getName() const final { return "PreferKernels"; }
  StringRef getArgument() const final { return "prefer-kernels"; }
  StringRef getDescription() const final {
    return "Call the function with a suffix to its name, where there is one";
  }

  Option<std::string> suffix{*this, "suffix",
                             llvm::cl::desc("Of the special functions' names")};

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

std::unique_ptr<Pass> createPreferKernels(const std::string &suffix) {
  auto pass = std::make_unique<PreferKernels>();
  pass->suffix = suffix;
  return pass;
}

} // namespace gpt2
