//===- prefer_vector_width.cpp - How wide LLVM's vectors shall be -------===//
//
// Asks LLVM for vectors of so many bits in one function, where the CPU has
// wider ones: what waits for memory gains nothing from them.
//
//===----------------------------------------------------------------------===//
#include "compiler/passes/passes.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinOps.h"

using namespace mlir;

namespace gpt2 {
namespace {

struct PreferVectorWidth
    : PassWrapper<PreferVectorWidth, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(PreferVectorWidth)

  PreferVectorWidth() = default;
  PreferVectorWidth(const PreferVectorWidth &other) : PassWrapper(other) {}

  StringRef getName() const final { return "PreferVectorWidth"; }
  StringRef getArgument() const final { return "prefer-vector-width"; }
  StringRef getDescription() const final {
    return "Ask LLVM for vectors of so many bits in one function";
  }

  Option<std::string> function{*this, "function",
                               llvm::cl::desc("The function's name")};
  Option<unsigned> bits{*this, "bits", llvm::cl::desc("Of a vector"),
                        llvm::cl::init(256)};

  void runOnOperation() final {
    if (auto found =
            getOperation().lookupSymbol<LLVM::LLVMFuncOp>(function.getValue()))
      found.setPreferVectorWidth(std::to_string(bits));
  }
};

} // namespace

std::unique_ptr<Pass> createPreferVectorWidth(const std::string &function,
                                              unsigned bits) {
  auto pass = std::make_unique<PreferVectorWidth>();
  pass->function = function;
  pass->bits = bits;
  return pass;
}

} // namespace gpt2
