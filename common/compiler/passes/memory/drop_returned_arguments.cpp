//===- drop_returned_arguments.cpp - The caller has it already ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/passes/passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

namespace gpt2 {

#define GEN_PASS_DEF_DROPRETURNEDARGUMENTS
#include "compiler/passes/Passes.h.inc"

namespace {

struct DropReturnedArguments
    : impl::DropReturnedArgumentsBase<DropReturnedArguments> {
  void runOnOperation() final {
    func::FuncOp function = getOperation();
    if (!function.isPublic() || !function.getBody().hasOneBlock())
      return;
    Block &body = function.getBody().front();
    auto terminator = dyn_cast<func::ReturnOp>(body.getTerminator());
    if (!terminator) // it does not return
      return;
    BitVector given(terminator.getNumOperands());
    for (OpOperand &operand : terminator->getOpOperands())
      if (auto argument = dyn_cast<BlockArgument>(operand.get()))
        if (argument.getOwner() == &body &&
            isa<BaseMemRefType>(argument.getType()))
          given.set(operand.getOperandNumber());
    terminator->eraseOperands(given);
    if (failed(function.eraseResults(given)))
      signalPassFailure();
  }
};

} // namespace
} // namespace gpt2
