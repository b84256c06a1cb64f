//===- separate_fills.cpp - Everybody fills their own -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/passes/passes.h"
#include "compiler/passes/tensor/linalg_queries.h"

using namespace mlir;

namespace gpt2 {

#define GEN_PASS_DEF_SEPARATEFILLS
#include "compiler/passes/Passes.h.inc"

namespace {

struct SeparateFills : impl::SeparateFillsBase<SeparateFills> {
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
} // namespace gpt2
