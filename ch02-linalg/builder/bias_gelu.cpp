//===- bias_gelu.cpp - A kernel made by C++ and not by a parser ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What bias_gelu.mlir says, said to MLIR's builder. An OpBuilder inserts what
// is created at a place that it remembers; OpTy::create makes an operation
// there and returns it.
//
//===----------------------------------------------------------------------===//
#include "bias_gelu.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace gpt2::ch02_linalg {

func::FuncOp buildBiasGelu(ModuleOp module) {
  OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
  Location loc = builder.getUnknownLoc();
  Type f32 = builder.getF32Type();
  auto open = ShapedType::kDynamic; // `?`
  auto matrix = RankedTensorType::get({open, open}, f32);
  auto vector = RankedTensorType::get({open}, f32);

  auto function =
      func::FuncOp::create(builder, loc, "bias_gelu",
                           builder.getFunctionType({matrix, vector}, {matrix}));
  builder.setInsertionPointToStart(function.addEntryBlock());
  Value x = function.getArgument(0), b = function.getArgument(1);

  Value c0 = arith::ConstantIndexOp::create(builder, loc, 0);
  Value c1 = arith::ConstantIndexOp::create(builder, loc, 1);
  Value T = tensor::DimOp::create(builder, loc, x, c0);
  Value C = tensor::DimOp::create(builder, loc, x, c1);
  auto constant = [&](float value) -> Value {
    return arith::ConstantOp::create(builder, loc,
                                     builder.getF32FloatAttr(value));
  };
  Value half = constant(0.5f), one = constant(1.0f);
  Value cubic = constant(0.044715f), sqrt2OverPi = constant(0.797884561f);
  Value empty = tensor::EmptyOp::create(builder, loc, matrix, ValueRange{T, C});

  // The maps say which element of each operand iteration (t, c) sees.
  AffineExpr t, c;
  bindDims(builder.getContext(), t, c);
  auto tc = AffineMap::get(2, 0, {t, c}, builder.getContext());
  auto onlyC = AffineMap::get(2, 0, {c}, builder.getContext());
  SmallVector<utils::IteratorType> iterators(2, utils::IteratorType::parallel);
  auto gelu = linalg::GenericOp::create(
      builder, loc, matrix, /*inputs=*/ValueRange{x, b},
      /*outputs=*/ValueRange{empty}, ArrayRef{tc, onlyC, tc}, iterators,
      // The body: one element of each operand in, one result out.
      [&](OpBuilder &body, Location loc, ValueRange elements) {
        Value v = arith::AddFOp::create(body, loc, elements[0], elements[1]);
        Value v2 = arith::MulFOp::create(body, loc, v, v);
        Value v3 = arith::MulFOp::create(body, loc, v2, v);
        Value bend = arith::MulFOp::create(body, loc, cubic, v3);
        Value bent = arith::AddFOp::create(body, loc, v, bend);
        Value scaled = arith::MulFOp::create(body, loc, sqrt2OverPi, bent);
        Value tanh = math::TanhOp::create(body, loc, scaled);
        Value gate = arith::AddFOp::create(body, loc, one, tanh);
        Value hv = arith::MulFOp::create(body, loc, half, v);
        Value result = arith::MulFOp::create(body, loc, hv, gate);
        linalg::YieldOp::create(body, loc, result);
      });
  func::ReturnOp::create(builder, loc, gelu.getResult(0));
  return function;
}

} // namespace gpt2::ch02_linalg
