//===- forward_transfers.cpp - What was just written is not read again ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/passes/passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Vector/Transforms/VectorTransforms.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;

namespace gpt2 {

#define GEN_PASS_DEF_FORWARDTRANSFERS
#include "compiler/passes/Passes.h.inc"

namespace {

struct ForwardTransfers : impl::ForwardTransfersBase<ForwardTransfers> {
  void runOnOperation() final {
    IRRewriter rewriter(&getContext());
    vector::transferOpflowOpt(rewriter, getOperation());
  }
};

} // namespace
} // namespace gpt2
