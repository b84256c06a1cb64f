//===- lower_math_to_intrinsics.cpp - exp and tanh without a library ----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/passes/passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"

#include <numbers>

using namespace mlir;

namespace gpt2 {

#define GEN_PASS_DEF_LOWERMATHTOINTRINSICS
#include "compiler/passes/Passes.h.inc"

namespace {

/// Builds f32 arithmetic in front of one operation.
class Arithmetic {
public:
  explicit Arithmetic(Operation *op) : builder(op), loc(op->getLoc()) {}

  Value constant(double value) {
    return arith::ConstantOp::create(
        builder, loc, builder.getF32FloatAttr(static_cast<float>(value)));
  }
  Value product(Value a, Value b) {
    return arith::MulFOp::create(builder, loc, a, b);
  }
  Value sum(Value a, Value b) {
    return arith::AddFOp::create(builder, loc, a, b);
  }
  Value difference(Value a, Value b) {
    return arith::SubFOp::create(builder, loc, a, b);
  }
  Value quotient(Value a, Value b) {
    return arith::DivFOp::create(builder, loc, a, b);
  }
  Value exp2(Value x) { return intrinsic("llvm.exp2.f32", x); }
  Value sqrt(Value x) { return intrinsic("llvm.sqrt.f32", x); }
  Value magnitude(Value x) { return intrinsic("llvm.fabs.f32", x); }

private:
  Value intrinsic(StringRef name, Value x) {
    return LLVM::CallIntrinsicOp::create(builder, loc, x.getType(),
                                         builder.getStringAttr(name),
                                         ValueRange{x})
        .getResult(0);
  }

  OpBuilder builder;
  Location loc;
};

/// What `op` computes, by exp2 and sqrt; null if it is none of ours.
Value lowered(Operation *op) {
  if (op->getNumOperands() != 1 || op->getNumResults() != 1 ||
      !op->getResult(0).getType().isF32())
    return {};
  Arithmetic a(op);
  Value x = op->getOperand(0);
  constexpr double log2e = std::numbers::log2e;
  if (isa<math::Exp2Op>(op))
    return a.exp2(x);
  if (isa<math::ExpOp>(op))
    return a.exp2(a.product(x, a.constant(log2e)));
  if (isa<math::SqrtOp>(op))
    return a.sqrt(x);
  if (isa<math::AbsFOp>(op))
    return a.magnitude(x);
  if (isa<math::RsqrtOp>(op))
    return a.quotient(a.constant(1), a.sqrt(x));
  if (isa<math::TanhOp>(op)) {
    Value power = a.exp2(a.product(x, a.constant(2 * log2e)));
    Value quotient = a.quotient(a.constant(2), a.sum(power, a.constant(1)));
    return a.difference(a.constant(1), quotient);
  }
  return {};
}

struct LowerMathToIntrinsics
    : impl::LowerMathToIntrinsicsBase<LowerMathToIntrinsics> {
  void runOnOperation() final {
    SmallVector<Operation *> all;
    getOperation()->walk([&](Operation *op) {
      if (isa<math::MathDialect>(op->getDialect()))
        all.push_back(op);
    });
    for (Operation *op : all)
      if (Value value = lowered(op)) {
        op->getResult(0).replaceAllUsesWith(value);
        op->erase();
      }
  }
};

} // namespace
} // namespace gpt2
