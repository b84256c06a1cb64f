//===- fragment_access.cpp - A lane reads its fragment of a tile ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/passes/gpu/fragment_access.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace gpt2::fragments {

Value laneId(OpBuilder &builder, Location loc) {
  return gpu::LaneIdOp::create(builder, loc, builder.getIndexAttr(64));
}

Value termOf(OpBuilder &builder, Location loc, Value lane,
             const LaneTerm &number) {
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(builder, loc, value);
  };
  if (number.times == 0)
    return constant(0);
  Value value = lane;
  if (number.divide != 1)
    value =
        arith::DivUIOp::create(builder, loc, value, constant(number.divide));
  value = arith::RemUIOp::create(builder, loc, value, constant(number.modulo));
  if (number.times != 1)
    value = arith::MulIOp::create(builder, loc, value, constant(number.times));
  return value;
}

/// ldmatrix (PTX ISA 9.7.14.5.15): four matrices of 8 x 8, the quarters of a
/// tile. Eight lanes each say where a quarter's rows are; every lane gets two
/// neighbours of each, of one below another if transposed.
Value loadMatrices(OpBuilder &builder, Location loc, Value memory,
                   const TileIndices &tile, StringAttr role, Type element) {
  // Quarters one below the other come first; for columns that are rows, one
  // beside the other.
  bool isBesideFirst = role == "b transposed";
  LaneTerm row{1, 8, 1}, below{8, 2, 8}, beside{16, 2, 8};
  if (isBesideFirst)
    std::swap(below, beside);
  Value lane = laneId(builder, loc);
  auto add = [&](Value a, const LaneTerm &b) -> Value {
    return arith::AddIOp::create(builder, loc, a,
                                 termOf(builder, loc, lane, b));
  };
  Value quarters = nvgpu::LdMatrixOp::create(
      builder, loc, VectorType::get({4, 2}, element), memory,
      tile.at(add(add(tile.row, row), below), add(tile.column, beside)),
      /*transpose=*/role == "b", /*numTiles=*/4);
  SmallVector<Value> elements;
  for (int64_t quarter = 0; quarter < 4; ++quarter)
    for (int64_t i : {0, 1})
      elements.push_back(vector::ExtractOp::create(
          builder, loc, quarters, ArrayRef<int64_t>{quarter, i}));
  return vector::FromElementsOp::create(builder, loc,
                                        VectorType::get(8, element), elements);
}

SmallVector<Value> loadSums(OpBuilder &builder, Location loc, const Unit &unit,
                            Value memory, const TileIndices &tile,
                            bool isOneColumn) {
  FragmentElements held(builder, loc, unit.c, tile.row, tile.column);
  SmallVector<Value> elements;
  for (int64_t i = 0; i < unit.c.size(); ++i)
    elements.push_back(memref::LoadOp::create(
        builder, loc, memory,
        tile.at(held.row(i), isOneColumn ? tile.column : held.column(i))));
  return elements;
}

} // namespace gpt2::fragments
