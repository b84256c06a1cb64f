//===- forward_transfers.cpp - What was just written is not read again ---===//
//
// A vector.transfer_read of what a vector.transfer_write wrote takes the vector
// itself, and a write that nobody reads before the next is none. Upstream has
// this as a function without a pass.
//
//===----------------------------------------------------------------------===//
#include "compiler/passes/passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Vector/Transforms/VectorTransforms.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;

namespace gpt2 {
namespace {

struct ForwardTransfers
    : PassWrapper<ForwardTransfers, OperationPass<func::FuncOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(ForwardTransfers)

  StringRef getName() const final { return "ForwardTransfers"; }
  StringRef getArgument() const final { return "forward-transfers"; }
  StringRef getDescription() const final {
    return "Read no vector from memory that was just written there";
  }

  void runOnOperation() final {
    IRRewriter rewriter(&getContext());
    vector::transferOpflowOpt(rewriter, getOperation());
  }
};

} // namespace

std::unique_ptr<Pass> createForwardTransfers() {
  return std::make_unique<ForwardTransfers>();
}

} // namespace gpt2
