//===- fragments.cpp - Which elements of a tile a lane holds --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/passes/gpu/fragments.h"
#include "compiler/passes/gpu/matrix_units.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace gpt2 {
namespace fragments {
namespace {

Value intrinsic(OpBuilder &builder, Location loc, StringRef name, Type result,
                ValueRange operands) {
  return LLVM::CallIntrinsicOp::create(builder, loc, result,
                                       builder.getStringAttr(name), operands)
      .getResults();
}

/// Elements of two bytes as numbers of `type`.
Value bits(OpBuilder &builder, Location loc, Value value, Type type) {
  int64_t bytes = 2 * cast<VectorType>(value.getType()).getNumElements();
  int64_t count = bytes * 8 / type.getIntOrFloatBitWidth();
  return vector::BitCastOp::create(builder, loc, VectorType::get(count, type),
                                   value);
}

/// mma.sync.m16n8k16 (PTX ISA 9.7.14): two for the two halves of the columns. A
/// register holds two elements of a factor.
Value multiplyByMma(OpBuilder &builder, Location loc, Value a, Value b,
                    Value c) {
  Type i32 = builder.getI32Type(), f32 = builder.getF32Type();
  Value left = bits(builder, loc, a, i32), right = bits(builder, loc, b, i32);
  auto type = LLVM::LLVMStructType::getLiteral(builder.getContext(),
                                               {f32, f32, f32, f32});
  auto add = [&](SmallVector<Value> &to, Value from, int64_t first,
                 int64_t count) {
    for (int64_t i = 0; i < count; ++i)
      to.push_back(vector::ExtractOp::create(builder, loc, from, first + i));
  };
  SmallVector<Value> sums;
  for (int64_t half : {0, 1}) {
    SmallVector<Value> operands;
    add(operands, left, 0, 4);
    add(operands, right, 2 * half, 2);
    add(operands, c, 4 * half, 4);
    Value result = intrinsic(
        builder, loc, "llvm.nvvm.mma.m16n8k16.row.col.bf16", type, operands);
    for (int64_t i = 0; i < 4; ++i)
      sums.push_back(LLVM::ExtractValueOp::create(builder, loc, result, i));
  }
  return vector::FromElementsOp::create(builder, loc, c.getType(), sums);
}

/// v_mfma_f32_16x16x16_bf16 (CDNA3 ISA 7.1).
Value multiplyByMfma(OpBuilder &builder, Location loc, Value a, Value b,
                     Value c) {
  Type i16 = builder.getI16Type();
  Value none = LLVM::ConstantOp::create(builder, loc, builder.getI32Type(),
                                        builder.getI32IntegerAttr(0));
  return intrinsic(builder, loc, "llvm.amdgcn.mfma.f32.16x16x16bf16.1k",
                   c.getType(),
                   {bits(builder, loc, a, i16), bits(builder, loc, b, i16), c,
                    none, none, none});
}

/// v_wmma_f32_16x16x16_bf16 (RDNA3 ISA 7.9).
Value multiplyByWmma(OpBuilder &builder, Location loc, Value a, Value b,
                     Value c) {
  Type i16 = builder.getI16Type();
  return intrinsic(builder, loc, "llvm.amdgcn.wmma.f32.16x16x16.bf16",
                   c.getType(),
                   {bits(builder, loc, a, i16), bits(builder, loc, b, i16), c});
}

} // namespace

Unit unitOf(const GpuTarget &target) {
  constexpr LaneTerm none{1, 1, 0};
  if (target.vendor == GpuVendor::Nvidia) {
    constexpr LaneTerm group{4, 8, 1}, pair{1, 4, 2};
    Unit unit{{group, pair, {}},
              {pair, group, {}},
              {group, pair, {}},
              multiplyByMma,
              /*loadsMatrices=*/true};
    for (int64_t i = 0; i < 8; ++i) {
      int64_t low = i % 2, middle = 8 * (i / 2 % 2), high = 8 * (i / 4);
      unit.a.offsets.push_back({middle, low + high});
      unit.b.offsets.push_back({middle + low, high});
      unit.c.offsets.push_back({middle, low + high});
    }
    return unit;
  }
  constexpr LaneTerm sixteenth{1, 16, 1};
  if (target.chip.starts_with("gfx9")) {
    constexpr LaneTerm four{16, 4, 4};
    Unit unit{{sixteenth, four, {}},
              {four, sixteenth, {}},
              {four, sixteenth, {}},
              multiplyByMfma};
    for (int64_t i = 0; i < 4; ++i) {
      unit.a.offsets.push_back({0, i});
      unit.b.offsets.push_back({i, 0});
      unit.c.offsets.push_back({i, 0});
    }
    return unit;
  }
  Unit unit{{sixteenth, none, {}},
            {none, sixteenth, {}},
            {{16, 2, 1}, sixteenth, {}},
            multiplyByWmma};
  for (int64_t i = 0; i < 16; ++i) {
    unit.a.offsets.push_back({0, i});
    unit.b.offsets.push_back({i, 0});
    if (i < 8)
      unit.c.offsets.push_back({2 * i, 0});
  }
  return unit;
}

} // namespace fragments

bool hasMatrixUnits(const GpuTarget &target) {
  StringRef chip = target.chip;
  if (chip.consume_front("sm_")) {
    unsigned number = 0;
    return !chip.consumeInteger(10, number) && number >= 80;
  }
  return chip == "gfx90a" || chip.starts_with("gfx94") || chip == "gfx950" ||
         chip.starts_with("gfx11");
}

} // namespace gpt2
