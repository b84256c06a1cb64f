//===- name_operations.cpp - Where a linalg operation comes from --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/passes/passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"

using namespace mlir;

namespace gpt2 {

#define GEN_PASS_DEF_NAMEOPERATIONS
#include "compiler/passes/Passes.h.inc"

namespace {

struct NameOperations : impl::NameOperationsBase<NameOperations> {
  void runOnOperation() final {
    StringRef kernel = getOperation().getName();
    IRRewriter rewriter(&getContext());
    getOperation().walk([&](linalg::LinalgOp op) {
      bool isResult = llvm::any_of(op->getUsers(), [](Operation *user) {
        return isa<func::ReturnOp>(user);
      });
      std::string name = kernel.str();
      if (!isResult)
        name += "." + op->getName().stripDialect().str();
      if (auto own = op->getAttrOfType<StringAttr>(operationAttr))
        name = own.str();
      // Upstream's pass for this would drop the attributes.
      if (!isa<linalg::GenericOp, linalg::FillOp, linalg::CopyOp>(op)) {
        rewriter.setInsertionPoint(op);
        op = *linalg::generalizeNamedOp(rewriter, op);
      }
      op->setAttr(operationAttr, rewriter.getStringAttr(name));
      if (isResult)
        op->setAttr(resultAttr, rewriter.getUnitAttr());
    });
  }
};

} // namespace
} // namespace gpt2
