//===- quantize_rows.cpp - What matrices in eight bits multiply ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/passes/weights/quantize_rows.h"
#include "compiler/passes/passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <limits>

using namespace mlir;

namespace gpt2 {
namespace {

using Body = llvm::function_ref<Value(ImplicitLocOpBuilder &, ValueRange)>;

constexpr float most = std::numeric_limits<float>::max();

Value real(ImplicitLocOpBuilder &builder, float value) {
  return arith::ConstantOp::create(builder, builder.getF32FloatAttr(value));
}

} // namespace

Value clamp(ImplicitLocOpBuilder &builder, Value value, float least,
            float most) {
  Value above = arith::MaxNumFOp::create(builder, value, real(builder, least));
  return arith::MinNumFOp::create(builder, above, real(builder, most));
}

Value quantizeRows(ImplicitLocOpBuilder &builder, Value rows, Value &largest) {
  Location loc = builder.getLoc();
  Type f32 = builder.getF32Type(), i8 = builder.getI8Type();
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(builder, loc, rows);
  // (..., k): of a vector there is one row, and no dimension of rows.
  unsigned rank = sizes.size();
  AffineMap all = builder.getMultiDimIdentityMap(rank);
  AffineMap row = AffineMap::get(rank, 0, all.getResults().drop_back(),
                                 builder.getContext());
  AffineMap each = builder.getMultiDimIdentityMap(rank - 1);
  SmallVector<utils::IteratorType> parallel(rank,
                                            utils::IteratorType::parallel);
  SmallVector<utils::IteratorType> alongRows = parallel;
  alongRows.back() = utils::IteratorType::reduction;
  auto make = [&](ValueRange inputs, Value init, ArrayRef<AffineMap> maps,
                  ArrayRef<utils::IteratorType> loops, StringRef name,
                  Body body) {
    auto op = linalg::GenericOp::create(
        builder, init.getType(), inputs, init, maps, loops,
        [&](OpBuilder &nested, Location loc, ValueRange elements) {
          ImplicitLocOpBuilder inner(loc, nested);
          linalg::YieldOp::create(inner, body(inner, elements));
        });
    op->setAttr(operationAttr, builder.getStringAttr(name));
    return op;
  };
  Type i32 = builder.getI32Type();
  Value zero = arith::ConstantIntOp::create(builder, i32, 0);
  auto perRow = ArrayRef(sizes).drop_back();
  auto zeros = linalg::FillOp::create(
      builder, zero, tensor::EmptyOp::create(builder, perRow, i32).getResult());
  zeros->setAttr(operationAttr, builder.getStringAttr("quantized.fill"));
  auto largestOp =
      make(rows, zeros.getResult(0), {all, row}, alongRows, "quantized.largest",
           [&](ImplicitLocOpBuilder &body, ValueRange e) {
             // Without a sign, floats are in the order of their bits, and what
             // is not a number is behind all that are.
             Type i32 = body.getI32Type();
             auto magnitude = math::AbsFOp::create(body, e[0]);
             auto bits = arith::BitcastOp::create(body, i32, magnitude);
             return arith::MaxUIOp::create(body, bits, e[1]).getResult();
           });
  largestOp->setAttr(resultAttr, builder.getUnitAttr());
  largest = largestOp.getResult(0);
  // 127 / m, finite and not 0 whatever m is.
  auto inverse =
      make(largest, tensor::EmptyOp::create(builder, perRow, f32), {each, each},
           ArrayRef(parallel).drop_back(), "quantized.inverse",
           [&](ImplicitLocOpBuilder &body, ValueRange e) {
             auto m = arith::BitcastOp::create(body, f32, e[0]);
             auto ratio = arith::DivFOp::create(body, real(body, 127), m);
             return clamp(body, ratio, 127 / most, most);
           });
  auto quantized = make(
      {rows, inverse.getResult(0)}, tensor::EmptyOp::create(builder, sizes, i8),
      {all, row, all}, parallel, "quantized",
      [&](ImplicitLocOpBuilder &body, ValueRange e) -> Value {
        // An integer only of what is one: others would have no value at all.
        auto scaled = arith::MulFOp::create(body, e[0], e[1]);
        Value bounded = clamp(body, scaled, -127, 127);
        auto whole = math::RoundEvenOp::create(body, bounded);
        auto shifted = arith::AddFOp::create(body, whole, real(body, 128));
        auto i32 = arith::FPToSIOp::create(body, body.getI32Type(), shifted);
        return arith::TruncIOp::create(body, i8, i32);
      });
  quantized->setAttr(resultAttr, builder.getUnitAttr());
  return quantized.getResult(0);
}

} // namespace gpt2
