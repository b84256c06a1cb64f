//===- fragments.cpp - Which elements of a tile a lane holds --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/passes/gpu/fragments.h"
#include "compiler/passes/gpu/matrix_units.h"

#include "mlir/Dialect/AMDGPU/IR/AMDGPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

#include <array>

using namespace mlir;

namespace gpt2 {
namespace fragments {
namespace {

/// Pairs of elements of two bytes: registers.
Value pairs(OpBuilder &builder, Location loc, Value value) {
  int64_t count = cast<VectorType>(value.getType()).getNumElements() / 2;
  return vector::BitCastOp::create(
      builder, loc, VectorType::get(count, builder.getI32Type()), value);
}

/// mma.sync.m16n8k16 (PTX ISA 9.7.14): two for the two halves of the columns. A
/// register holds two elements of a factor.
Value multiplyByMma(OpBuilder &builder, Location loc, Value a, Value b,
                    Value c) {
  Type f32 = builder.getF32Type();
  Value left = pairs(builder, loc, a), right = pairs(builder, loc, b);
  auto type = LLVM::LLVMStructType::getLiteral(builder.getContext(),
                                               {f32, f32, f32, f32});
  auto elements = [&](Value from, int64_t first, int64_t count) {
    SmallVector<Value> taken;
    for (int64_t i = first; i < first + count; ++i)
      taken.push_back(vector::ExtractOp::create(builder, loc, from, i));
    return taken;
  };
  SmallVector<Value> sums;
  for (int64_t half : {0, 1}) {
    SmallVector<Value> ofA = elements(left, 0, 4),
                       ofB = elements(right, 2 * half, 2),
                       ofC = elements(c, 4 * half, 4);
    Value result = NVVM::MmaOp::create(
        builder, loc, type, ofA, ofB, ofC, /*shape=*/{16, 8, 16},
        /*b1Op=*/std::nullopt, /*intOverflow=*/std::nullopt,
        std::array{NVVM::MMATypes::bf16, NVVM::MMATypes::bf16},
        std::array{NVVM::MMALayout::row, NVVM::MMALayout::col});
    for (int64_t i = 0; i < 4; ++i)
      sums.push_back(LLVM::ExtractValueOp::create(builder, loc, result, i));
  }
  return vector::FromElementsOp::create(builder, loc, c.getType(), sums);
}

/// v_mfma_f32_16x16x16_bf16 (CDNA3 ISA 7.1).
Value multiplyByMfma(OpBuilder &builder, Location loc, Value a, Value b,
                     Value c) {
  return amdgpu::MFMAOp::create(builder, loc, c.getType(), 16, 16, 16,
                                /*blocks=*/1, a, b, c);
}

/// v_wmma_f32_16x16x16_bf16 (RDNA3 ISA 7.9).
Value multiplyByWmma(OpBuilder &builder, Location loc, Value a, Value b,
                     Value c) {
  return amdgpu::WMMAOp::create(builder, loc, c.getType(), 16, 16, 16, a, b, c);
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
