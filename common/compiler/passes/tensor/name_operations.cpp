//===- name_operations.cpp - Where a linalg operation comes from --------===//
//
// Gives each linalg operation the attribute gpt2.op. That which computes what
// its function returns is named after the function, and also has gpt2.result;
// others are FUNCTION.OPERATION. In @linear,
//
//   %bias = linalg.broadcast ...     becomes
//   %y = linalg.matmul ...
//   return %y
//
//   %bias = linalg.generic ... attrs = {gpt2.op = "linear.broadcast"}
//   %y = linalg.generic ... attrs = {gpt2.op = "linear", gpt2.result}
//   return %y
//
// One that has a name in the text keeps it. A schedule finds operations by it
// when kernels have been inlined. Run it before `inline`.
//
//===----------------------------------------------------------------------===//
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
