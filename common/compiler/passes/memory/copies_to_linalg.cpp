//===- copies_to_linalg.cpp - A copy is a loop like any other -----------===//
//
// memref.copy between views calls a function of MLIR's runtime library, which
// goes from element to element; a kernel cannot call it at all. As a
// linalg.generic that yields what it reads, a copy is lowered as the
// computations around it are.
//
//===----------------------------------------------------------------------===//
#include "compiler/passes/passes.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;

namespace gpt2 {
namespace {

struct CopiesToLinalg : PassWrapper<CopiesToLinalg, OperationPass<>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(CopiesToLinalg)

  StringRef getName() const final { return "CopiesToLinalg"; }
  StringRef getArgument() const final { return "copies-to-linalg"; }
  StringRef getDescription() const final {
    return "Make each memref.copy a linalg.generic";
  }
  void getDependentDialects(DialectRegistry &registry) const final {
    registry.insert<linalg::LinalgDialect>();
  }

  void runOnOperation() final {
    IRRewriter rewriter(&getContext());
    getOperation()->walk([&](memref::CopyOp copy) {
      rewriter.setInsertionPoint(copy);
      linalg::makeMemRefCopyOp(rewriter, copy.getLoc(), copy.getSource(),
                               copy.getTarget());
      rewriter.eraseOp(copy);
    });
  }
};

} // namespace

std::unique_ptr<Pass> createCopiesToLinalg() {
  return std::make_unique<CopiesToLinalg>();
}

} // namespace gpt2
