//===- contract_multiply_add.cpp - One rounding instead of two ----------===//
//
// Allows a product that is used in one sum only to be computed together with
// it, without rounding in between: `fastmath<contract>` on both. LLVM makes one
// instruction of them where the CPU has it. The result differs in the last bit,
// towards the exact one.
//
//===----------------------------------------------------------------------===//
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
