//===- dot_products.cpp - Instructions that add several products --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/passes/weights/dot_products.h"
#include "compiler/passes/passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

using namespace mlir;

namespace gpt2 {

#define GEN_PASS_DEF_DOTPRODUCTS
#include "compiler/passes/Passes.h.inc"

namespace {

/// What `value` was extended from, by an `Op`; null if it was not.
template <typename Op> Value extendedFrom(Value value) {
  auto op = value.getDefiningOp<Op>();
  return op ? op.getIn() : Value();
}

struct DotProducts : impl::DotProductsBase<DotProducts> {
  using Base::Base;

  void runOnOperation() final {
    if (!llvm::is_contained({4, 8, 16}, lanes)) {
      getOperation()->emitError("dot-products: a vector has 4, 8 or 16 lanes");
      return signalPassFailure();
    }
    getOperation()->walk([&](vector::ContractionOp op) { lower(op); });
  }

private:
  /// Columns by depth, as they lie in memory, of which `value` is the
  /// transpose; null if it is not.
  static Value columnsOf(Value value) {
    if (!value)
      return value;
    if (auto cast = value.getDefiningOp<vector::ShapeCastOp>())
      value = cast.getSource(); // with dimensions of size one
    auto transpose = value.getDefiningOp<vector::TransposeOp>();
    return transpose && transpose.getPermutation() == ArrayRef<int64_t>{1, 0}
               ? transpose.getVector()
               : Value();
  }

  void lower(vector::ContractionOp op) {
    auto sums = dyn_cast<VectorType>(op.getAccType());
    if (!sums || op.getKind() != vector::CombiningKind::ADD || op.isMasked())
      return;
    bool isFloat = sums.getElementType().isF32();
    if (!isFloat && !sums.getElementType().isInteger(32))
      return;
    Value rows, columns;
    if (isFloat) {
      rows = extendedFrom<arith::ExtFOp>(op.getLhs());
      columns = columnsOf(extendedFrom<arith::ExtFOp>(op.getRhs()));
    } else {
      rows = extendedFrom<arith::ExtUIOp>(op.getLhs());
      columns = columnsOf(extendedFrom<arith::ExtSIOp>(op.getRhs()));
    }
    if (!rows || !columns || !isTileOfProduct(op))
      return;
    auto columnsType = cast<VectorType>(columns.getType()),
         rowsType = cast<VectorType>(rows.getType());
    Type element = columnsType.getElementType();
    if (rowsType.getElementType() != element ||
        !(isFloat ? element.isBF16() : element.isInteger(8)))
      return;
    int64_t width = columnsType.getDimSize(0),
            depth = columnsType.getDimSize(1);
    if (depth * columnsType.getElementTypeBitWidth() != 32 ||
        rowsType.getShape().back() != depth ||
        sums.getShape().back() != width || width % lanes != 0)
      return;

    ImplicitLocOpBuilder builder(op.getLoc(), op);
    // All columns of a vector, one after another.
    auto flatType = VectorType::get(width * depth, element);
    Value flat = vector::ShapeCastOp::create(builder, flatType, columns);
    SmallVector<Value> words;
    for (int64_t at = 0; at < width; at += lanes)
      words.push_back(slice(builder, flat, at * depth, lanes * depth));
    if (sums.getRank() == 1) {
      op.replaceAllUsesWith(addTo(builder, op.getAcc(), rows, words));
    } else {
      Value result = op.getAcc();
      for (int64_t r = 0; r < sums.getDimSize(0); ++r) {
        Value row = vector::ExtractOp::create(builder, rows, r);
        Value acc = vector::ExtractOp::create(builder, op.getAcc(), r);
        result = vector::InsertOp::create(
            builder, addTo(builder, acc, row, words), result, r);
      }
      op.replaceAllUsesWith(result);
    }
    op->erase();
  }

  /// Whether `op` is (m, k), (k, n) into (m, n), or (k), (k, n) into (n).
  static bool isTileOfProduct(vector::ContractionOp op) {
    SmallVector<AffineMap> maps = op.getIndexingMapsArray();
    AffineMap lhs = maps[0], rhs = maps[1], acc = maps[2];
    if (rhs.getNumResults() != 2 || lhs.getNumResults() != acc.getNumResults())
      return false;
    AffineExpr k = rhs.getResult(0), n = rhs.getResult(1);
    if (lhs.getResults().back() != k || acc.getResults().back() != n)
      return false;
    if (acc.getNumResults() == 1)
      return true;
    return acc.getNumResults() == 2 && lhs.getResult(0) == acc.getResult(0);
  }

  static Value slice(ImplicitLocOpBuilder &builder, Value vector, int64_t from,
                     int64_t size) {
    return vector::ExtractStridedSliceOp::create(
        builder, vector, ArrayRef{from}, ArrayRef{size}, ArrayRef<int64_t>{1});
  }

  /// `acc`, the sums of a row, with the products of the elements `row` and
  /// those of columns.
  Value addTo(ImplicitLocOpBuilder &builder, Value acc, Value row,
              ArrayRef<Value> columns) {
    auto rowType = cast<VectorType>(row.getType());
    Type i32 = builder.getI32Type();
    // The row's elements in every lane.
    Value word =
        vector::BitCastOp::create(builder, VectorType::get(1, i32), row);
    word = vector::ExtractOp::create(builder, word, 0);
    word = vector::BroadcastOp::create(
        builder, VectorType::get(int64_t{lanes}, i32), word);
    word = vector::BitCastOp::create(
        builder,
        VectorType::get(lanes * rowType.getNumElements(),
                        rowType.getElementType()),
        word);
    std::string bits = std::to_string(lanes * 32);
    bool isFloat = rowType.getElementType().isBF16();
    std::string name = (isFloat ? dotsOfBf16 : dotsOfI8).str() + bits;
    Value result = acc;
    for (auto [i, column] : llvm::enumerate(columns)) {
      auto at = static_cast<int64_t>(i) * lanes;
      Value part = slice(builder, acc, at, lanes);
      Value sum =
          LLVM::CallIntrinsicOp::create(
              builder, part.getType(), builder.getStringAttr(name),
              isFloat ? ValueRange{part, column, word} // x may be in memory
                      : ValueRange{part, word, column})
              .getResult(0);
      result = vector::InsertStridedSliceOp::create(
          builder, sum, result, ArrayRef{at}, ArrayRef<int64_t>{1});
    }
    return result;
  }
};

} // namespace
} // namespace gpt2
