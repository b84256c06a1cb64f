//===- contract_multiply_add.cpp - One rounding instead of two ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/passes/passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace gpt2 {

#define GEN_PASS_DEF_CONTRACTMULTIPLYADD
#include "compiler/passes/Passes.h.inc"

namespace {

struct ContractMultiplyAdd
    : impl::ContractMultiplyAddBase<ContractMultiplyAdd> {
  void runOnOperation() final {
    getOperation()->walk([&](arith::AddFOp sum) {
      for (Value operand : sum->getOperands())
        if (auto product = operand.getDefiningOp<arith::MulFOp>();
            product && product->hasOneUse()) {
          allow(product);
          allow(sum);
        }
    });
  }

private:
  template <typename Op> static void allow(Op op) {
    op.setFastmath(op.getFastmath() | arith::FastMathFlags::contract);
  }
};

} // namespace
} // namespace gpt2
