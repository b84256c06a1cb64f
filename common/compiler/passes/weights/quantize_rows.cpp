//===- quantize_rows.cpp - What matrices in eight bits multiply ---------===//
#include "compiler/passes/weights/quantize_rows.h"
#include "compiler/passes/passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace gpt2 {
namespace {

using Body = llvm::function_ref<Value(ImplicitLocOpBuilder &, ValueRange)>;

} // namespace

Value quantizeRows(ImplicitLocOpBuilder &builder, Value rows, Value &largest) {
  Location loc = builder.getLoc();
  Type f32 = builder.getF32Type(), i8 = builder.getI8Type();
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(builder, loc, rows);
  AffineMap all = builder.getMultiDimIdentityMap(2);
  AffineMap row = AffineMap::get(2, 0, all.getResult(0));
  AffineMap each = builder.getMultiDimIdentityMap(1);
  auto parallel = utils::IteratorType::parallel;
  auto reduction = utils::IteratorType::reduction;
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
  auto perRow = ArrayRef(sizes).take_front();
  auto zeros = linalg::FillOp::create(
      builder, zero, tensor::EmptyOp::create(builder, perRow, i32).getResult());
  zeros->setAttr(operationAttr, builder.getStringAttr("quantized.fill"));
  auto largestOp =
      make(rows, zeros.getResult(0), {all, row}, {parallel, reduction},
           "quantized.largest", [&](ImplicitLocOpBuilder &body, ValueRange e) {
             // Without a sign, floats are in the order of their bits, and what
             // is not a number is behind all that are.
             Type i32 = body.getI32Type();
             auto magnitude = math::AbsFOp::create(body, e[0]);
             auto bits = arith::BitcastOp::create(body, i32, magnitude);
             return arith::MaxUIOp::create(body, bits, e[1]).getResult();
           });
  largestOp->setAttr(resultAttr, builder.getUnitAttr());
  largest = largestOp.getResult(0);
  // 127 / m, and 0 for a row of zeros.
  auto inverse = make(
      largest, tensor::EmptyOp::create(builder, perRow, f32), {each, each},
      {parallel}, "quantized.inverse",
      [&](ImplicitLocOpBuilder &body, ValueRange e) {
        auto m = arith::BitcastOp::create(body, f32, e[0]);
        auto c127 = arith::ConstantOp::create(body, body.getF32FloatAttr(127));
        auto none = arith::ConstantOp::create(body, body.getF32FloatAttr(0));
        auto isZero =
            arith::CmpFOp::create(body, arith::CmpFPredicate::OEQ, m, none);
        auto ratio = arith::DivFOp::create(body, c127, m);
        return arith::SelectOp::create(body, isZero, none, ratio).getResult();
      });
  auto quantized = make(
      {rows, inverse.getResult(0)}, tensor::EmptyOp::create(builder, sizes, i8),
      {all, row, all}, {parallel, parallel}, "quantized",
      [&](ImplicitLocOpBuilder &body, ValueRange e) -> Value {
        auto c128 = arith::ConstantOp::create(body, body.getF32FloatAttr(128));
        auto scaled = arith::MulFOp::create(body, e[0], e[1]);
        auto whole = math::RoundEvenOp::create(body, scaled);
        auto shifted = arith::AddFOp::create(body, whole, c128);
        auto i32 = arith::FPToSIOp::create(body, body.getI32Type(), shifted);
        return arith::TruncIOp::create(body, i8, i32);
      });
  quantized->setAttr(resultAttr, builder.getUnitAttr());
  return quantized.getResult(0);
}

} // namespace gpt2
