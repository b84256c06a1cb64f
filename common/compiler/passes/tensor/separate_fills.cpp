//===- separate_fills.cpp - Everybody fills their own -------------------===//
//
// Two sums that start at zero read one tensor of zeros, once common
// subexpressions are one. Both want to add into it, so bufferization must copy
// it for one of them. This pass gives each user a fill of its own: to fill
// costs less than to copy. Run it last before bufferization.
//
//===----------------------------------------------------------------------===//
#include "compiler/passes/passes.h"
#include "compiler/passes/tensor/linalg_queries.h"

using namespace mlir;

namespace gpt2 {
namespace {

struct SeparateFills : PassWrapper<SeparateFills, OperationPass<>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(SeparateFills)

  StringRef getName() const final { return "SeparateFills"; }
  StringRef getArgument() const final { return "separate-fills"; }
  StringRef getDescription() const final {
    return "Give each user of a constant tensor a fill of its own";
  }

  void runOnOperation() final {
    SmallVector<linalg::LinalgOp> fills;
    getOperation()->walk([&](linalg::LinalgOp op) {
      if (isFill(op))
        fills.push_back(op);
    });
    for (linalg::LinalgOp fill : fills) {
      SmallVector<OpOperand *> uses;
      for (OpOperand &use : fill->getUses())
        uses.push_back(&use);
      for (OpOperand *use : llvm::drop_begin(uses, uses.empty() ? 0 : 1)) {
        OpBuilder builder(use->getOwner());
        use->set(builder.clone(*fill)->getResult(0));
      }
    }
  }
};

} // namespace

std::unique_ptr<Pass> createSeparateFills() {
  return std::make_unique<SeparateFills>();
}

} // namespace gpt2
