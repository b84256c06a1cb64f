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

#define GEN_PASS_DEF_COPIESTOLINALG
#include "compiler/passes/Passes.h.inc"

namespace {

struct CopiesToLinalg : impl::CopiesToLinalgBase<CopiesToLinalg> {
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
} // namespace gpt2
