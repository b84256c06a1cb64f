//===- quantize_matrices.cpp - Weights in eight bits --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/passes/passes.h"
#include "compiler/passes/weights/matrix_product.h"
#include "compiler/passes/weights/quantize_rows.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace gpt2 {

#define GEN_PASS_DEF_QUANTIZEMATRICES
#include "compiler/passes/Passes.h.inc"

namespace {

/// A matrix of the program: the argument of one number and type of all entries.
struct Matrix {
  SmallVector<BlockArgument> arguments;
  SmallVector<MatrixProduct> products; ///< of all entries
};

/// Whether `op` is sum + other * matrix, and does nothing else.
bool isPlainProduct(linalg::GenericOp op) {
  return linalg::isaContractionOpInterface(op) &&
         llvm::hasNItems(*op.getBody(), 3);
}

struct QuantizeMatrices : impl::QuantizeMatricesBase<QuantizeMatrices> {
  using Base::Base;

  void runOnOperation() final {
    Matrices found;
    for (auto entry : getOperation().getOps<func::FuncOp>())
      if (!entry.isExternal())
        collect(entry, found);
    auto matrices = found.takeVector();
    llvm::stable_sort(matrices, [](const auto &a, const auto &b) {
      return a.first.first < b.first.first;
    });
    for (auto &[key, matrix] : matrices)
      if (!matrix.products.empty() && failed(quantize(matrix)))
        return signalPassFailure();
    for (auto entry : getOperation().getOps<func::FuncOp>())
      if (!entry.isExternal())
        entry.setType(FunctionType::get(
            &getContext(), entry.getBody().front().getArgumentTypes(),
            entry.getResultTypes()));
  }

private:
  /// A matrix's vectors.
  struct Columns {
    BlockArgument scales, sums; ///< no sums if no product has dots
    int64_t dim = 0;            ///< the matrix's that is theirs
  };

  using Matrices = llvm::MapVector<std::pair<unsigned, Type>, Matrix>;

  static void collect(func::FuncOp entry, Matrices &matrices) {
    auto of = [&](BlockArgument argument) -> Matrix & {
      return matrices[{argument.getArgNumber(), argument.getType()}];
    };
    for (BlockArgument argument : entry.getArguments())
      if (entry.getArgAttr(argument.getArgNumber(), matrixAttr) &&
          getElementTypeOrSelf(argument.getType()).isF32())
        of(argument).arguments.push_back(argument);
    entry.walk([&](linalg::GenericOp op) {
      std::optional<MatrixProduct> product = matrixProductIn(op);
      if (product && product->matrixType().getElementType().isF32() &&
          isPlainProduct(op))
        of(product->argument).products.push_back(*product);
    });
  }

  /// In all entries or in none: whoever loads the matrix does so for all.
  LogicalResult quantize(Matrix &matrix) {
    if (failed(agree(matrix)))
      return failure();
    bool dots =
        llvm::all_of(matrix.products, [&](const MatrixProduct &product) {
          return canHaveDots(product);
        });
    for (BlockArgument argument : matrix.arguments) {
      auto entry = cast<func::FuncOp>(argument.getOwner()->getParentOp());
      Columns columns =
          addColumns(entry, argument, matrix.products.front(), dots);
      for (MatrixProduct &product : matrix.products)
        if (product.argument == argument)
          quantize(product, columns);
      if (failed(retype(argument, columns, matrix.products)))
        return failure();
    }
    return success();
  }

  /// A matrix has columns in one dimension, and its scales and sums are of the
  /// whole of them: the same arguments of all entries.
  static LogicalResult agree(const Matrix &matrix) {
    Block *first = matrix.arguments.front().getOwner();
    for (BlockArgument argument : matrix.arguments)
      if (argument.getOwner()->getNumArguments() != first->getNumArguments()) {
        InFlightDiagnostic diagnostic =
            argument.getOwner()->getParentOp()->emitError(
                "quantize-matrices: shares argument ")
            << argument.getArgNumber()
            << " with an entry that has more or fewer";
        diagnostic.attachNote(first->getParentOp()->getLoc()) << "the other";
        return diagnostic;
      }
    MatrixProduct example = matrix.products.front();
    for (MatrixProduct product : matrix.products) {
      if (!cast<ShapedType>(product.argument.getType()).hasStaticShape())
        return product.op.emitError("quantize-matrices: expected a matrix of "
                                    "known sizes");
      if (!readsWhole(product))
        return product.op.emitError("quantize-matrices: a product with a part "
                                    "of a matrix");
      if (!endsWithColumns(product))
        return product.op.emitError("quantize-matrices: expected rows of the "
                                    "matrix's columns as results");
      if (product.termsDim() != example.termsDim()) {
        InFlightDiagnostic diagnostic = product.op.emitError(
            "quantize-matrices: this product's columns are another's rows");
        diagnostic.attachNote(example.op.getLoc()) << "the other";
        return diagnostic;
      }
    }
    return success();
  }

  /// Whether `product` is with a whole argument of two dimensions, or with one
  /// layer of three.
  static bool readsWhole(const MatrixProduct &product) {
    auto plain = cast<RankedTensorType>(product.argument.getType());
    tensor::ExtractSliceOp slice = product.slice();
    if (!slice)
      return plain.getRank() == 2;
    return plain.getRank() == 3 && slice.hasUnitStride() &&
           slice.getStaticSizes()[0] == 1 &&
           slice.getStaticSizes().drop_front() ==
               plain.getShape().drop_front() &&
           slice.getStaticOffsets().drop_front() == ArrayRef<int64_t>{0, 0};
  }

  /// Whether results are (..., n), where n is the matrix's column.
  static bool endsWithColumns(const MatrixProduct &product) {
    linalg::GenericOp op = product.op;
    AffineMap results = op.getIndexingMapMatchingResult(op->getResult(0));
    AffineMap matrix = op.getMatchingIndexingMap(product.matrix);
    return results.getNumResults() + 1 == op.getNumLoops() &&
           results.getResults().back() ==
               matrix.getResult(1 - product.termsDim());
  }

  /// Whether rows (..., k) become rows (..., n), and an instruction's products
  /// are a part of k.
  bool canHaveDots(const MatrixProduct &product) {
    linalg::GenericOp op = product.op;
    AffineMap results = op.getIndexingMapMatchingResult(op->getResult(0));
    AffineMap rows = op.getMatchingIndexingMap(product.other);
    return depth > 1 && product.columnsLast() && product.terms() % depth == 0 &&
           rows.getNumResults() == results.getNumResults() &&
           rows.getResults().drop_back() == results.getResults().drop_back();
  }

  Columns addColumns(func::FuncOp entry, BlockArgument argument,
                     const MatrixProduct &product, bool dots) {
    auto plain = cast<RankedTensorType>(argument.getType());
    SmallVector<int64_t> shape(plain.getShape());
    int64_t matrix = plain.getRank() - 2;
    shape.erase(shape.begin() + matrix + product.termsDim());
    Columns columns;
    columns.dim = matrix + 1 - product.termsDim();
    Builder builder(&getContext());
    auto add = [&](StringRef name, Type element) {
      unsigned at = entry.getNumArguments();
      auto matrix =
          builder.getDenseI64ArrayAttr({argument.getArgNumber(), columns.dim});
      (void)entry.insertArgument(
          at, RankedTensorType::get(shape, element),
          builder.getDictionaryAttr(builder.getNamedAttr(name, matrix)),
          argument.getLoc());
      return entry.getArgument(at);
    };
    columns.scales = add(scalesAttr, builder.getF32Type());
    if (dots)
      columns.sums = add(sumsAttr, builder.getI32Type());
    return columns;
  }

  /// `argument`, its slices and what reads elements of it, in i8.
  LogicalResult retype(BlockArgument argument, const Columns &columns,
                       ArrayRef<MatrixProduct> products) {
    Type i8 = IntegerType::get(&getContext(), 8);
    auto canRead = [&](OpOperand &use) { // a product has been taught
      return isa<tensor::DimOp>(use.getOwner()) ||
             llvm::any_of(products, [&](const MatrixProduct &product) {
               return product.matrix == &use;
             });
    };
    auto refuse = [](Operation *reader) {
      return reader->emitError("quantize-matrices knows no way to read i8 "
                               "here");
    };
    argument.setType(cast<RankedTensorType>(argument.getType()).clone(i8));
    for (OpOperand &use : llvm::make_early_inc_range(argument.getUses())) {
      if (canRead(use))
        continue;
      Operation *user = use.getOwner();
      if (auto slice = dyn_cast<tensor::ExtractSliceOp>(user)) {
        slice.getResult().setType(slice.getType().clone(i8));
        for (OpOperand &read : slice->getUses())
          if (!canRead(read))
            return refuse(read.getOwner());
        continue;
      }
      auto extract = dyn_cast<tensor::ExtractOp>(user);
      if (!extract || extract.getTensor().getType().getRank() != 2)
        return refuse(user);
      ImplicitLocOpBuilder builder(extract.getLoc(), extract->getContext());
      builder.setInsertionPointAfter(extract);
      extract.getResult().setType(i8);
      Value scale = tensor::ExtractOp::create(
          builder, columns.scales, extract.getIndices()[columns.dim]);
      auto wide =
          arith::SIToFPOp::create(builder, builder.getF32Type(), extract);
      auto value = arith::MulFOp::create(builder, wide, scale);
      extract.getResult().replaceAllUsesExcept(value, wide);
    }
    return success();
  }

  static unsigned reductionOf(linalg::GenericOp op) {
    SmallVector<unsigned> loops;
    op.getReductionDims(loops);
    return loops.front();
  }

  void quantize(MatrixProduct &product, const Columns &columns) {
    linalg::GenericOp op = product.op;
    ImplicitLocOpBuilder builder(op.getLoc(), op);
    Value bias = op.getDpsInits()[0];
    bool dots = columns.sums != nullptr;
    Type f32 = builder.getF32Type(), i32 = builder.getI32Type();
    AffineMap results = op.getIndexingMapMatchingResult(op->getResult(0));

    Value largest;
    if (dots)
      product.other->set(quantizeRows(builder, product.other->get(), largest));
    // Sums from zero: what they are added to comes behind the scale.
    Type sumType = dots ? i32 : f32;
    Value zero =
        arith::ConstantOp::create(builder, builder.getZeroAttr(sumType));
    Value empty = emptyLike(builder, op.getLoc(), bias, sumType);
    auto zeros = linalg::FillOp::create(builder, zero, empty);
    zeros->setAttr(operationAttr, builder.getStringAttr("quantized.zeros"));
    // Loops over rows, columns and terms, in this order.
    SmallVector<AffineMap> sumMaps = op.getIndexingMapsArray();
    SmallVector<AffineExpr> order(op.getNumLoops());
    SmallVector<utils::IteratorType> loops(op.getNumLoops(),
                                           utils::IteratorType::parallel);
    loops.back() = utils::IteratorType::reduction;
    order[reductionOf(op)] = builder.getAffineDimExpr(op.getNumLoops() - 1);
    for (auto [i, loop] : llvm::enumerate(results.getResults()))
      order[cast<AffineDimExpr>(loop).getPosition()] =
          builder.getAffineDimExpr(i);
    for (AffineMap &map : sumMaps)
      map = map.replaceDimsAndSymbols(order, {}, op.getNumLoops(), 0);
    auto sums =
        linalg::GenericOp::create(builder, zeros.getResult(0).getType(),
                                  op.getInputs(), zeros.getResults(), sumMaps,
                                  loops, [](OpBuilder &, Location, ValueRange) {
                                    // filled below, when the matrix's element
                                    // is an i8
                                  });
    fillProduct(sums, product, dots);
    sums->setAttr(operationAttr, builder.getStringAttr("quantized.product"));
    product.matrix = &sums->getOpOperand(product.matrix->getOperandNumber());

    // Behind the sums: scales, and the 128 taken out.
    auto vectorOf = [&](BlockArgument argument) -> Value {
      tensor::ExtractSliceOp slice = product.slice();
      if (!slice)
        return argument;
      // Of the layer that the matrix is of.
      auto type = cast<RankedTensorType>(argument.getType());
      SmallVector<OpFoldResult> offsets{slice.getMixedOffsets()[0],
                                        builder.getIndexAttr(0)};
      SmallVector<OpFoldResult> sizes{builder.getIndexAttr(1),
                                      builder.getIndexAttr(type.getDimSize(1))};
      SmallVector<OpFoldResult> ones(2, builder.getIndexAttr(1));
      auto row =
          RankedTensorType::get({type.getDimSize(1)}, type.getElementType());
      return tensor::ExtractSliceOp::create(builder, row, argument, offsets,
                                            sizes, ones);
    };
    unsigned rank = results.getNumResults();
    AffineMap all = builder.getMultiDimIdentityMap(rank);
    // Results are (t, n), or (n) alone.
    AffineMap ofColumn = AffineMap::get(rank, 0, all.getResult(rank - 1));
    AffineMap ofRow =
        AffineMap::get(rank, 0, all.getResults().drop_back(), &getContext());
    SmallVector<Value> inputs{sums.getResult(0), bias,
                              vectorOf(columns.scales)};
    SmallVector<AffineMap> maps{all, all, ofColumn};
    if (dots) {
      inputs.push_back(vectorOf(columns.sums));
      inputs.push_back(largest);
      maps.append({ofColumn, ofRow});
    }
    maps.push_back(all);
    SmallVector<utils::IteratorType> parallel(rank,
                                              utils::IteratorType::parallel);
    auto scaled = linalg::GenericOp::create(
        builder, op->getResultTypes(), inputs,
        emptyLike(builder, op.getLoc(), bias, f32), maps, parallel,
        [&](OpBuilder &nested, Location loc, ValueRange elements) {
          ImplicitLocOpBuilder body(loc, nested);
          Value sum = elements[0], scale = elements[2];
          if (dots) {
            auto c128 = arith::ConstantIntOp::create(body, i32, 128);
            auto excess = arith::MulIOp::create(body, elements[3], c128);
            sum = arith::SIToFPOp::create(
                body, f32, arith::SubIOp::create(body, sum, excess));
            auto unit = arith::ConstantOp::create(
                body, body.getF32FloatAttr(1.0f / 127));
            auto m = arith::BitcastOp::create(body, f32, elements[4]);
            auto rowScale = arith::MulFOp::create(body, m, unit);
            scale = arith::MulFOp::create(body, scale, rowScale);
          }
          auto real = arith::MulFOp::create(body, sum, scale);
          linalg::YieldOp::create(
              body, arith::AddFOp::create(body, elements[1], real).getResult());
        });
    scaled->setDiscardableAttrs(llvm::to_vector(op->getDiscardableAttrs()));
    auto name = op->getAttrOfType<StringAttr>(operationAttr);
    bool isOfOne = name && name.getValue().ends_with(".of_one");
    scaled->setAttr(operationAttr, builder.getStringAttr(
                                       isOfOne ? "scaled.of_one" : "scaled"));
    op->replaceAllUsesWith(scaled);
    op->erase();
    product.op = sums;
  }

  /// The body: sum + other * matrix, as the elements are or will be.
  static void fillProduct(linalg::GenericOp sums, const MatrixProduct &product,
                          bool dots) {
    Block *body = sums.getBody();
    unsigned matrix = product.matrix->getOperandNumber();
    auto builder = ImplicitLocOpBuilder::atBlockEnd(sums.getLoc(), body);
    Type f32 = builder.getF32Type(), i32 = builder.getI32Type();
    body->getArgument(matrix).setType(builder.getI8Type());
    Value weight = body->getArgument(matrix);
    Value other = body->getArgument(1 - matrix), sum = body->getArgument(2);
    if (dots) {
      auto product = arith::MulIOp::create(
          builder, arith::ExtUIOp::create(builder, i32, other),
          arith::ExtSIOp::create(builder, i32, weight));
      sum = arith::AddIOp::create(builder, sum, product);
    } else {
      auto product = arith::MulFOp::create(
          builder, other, arith::SIToFPOp::create(builder, f32, weight));
      sum = arith::AddFOp::create(builder, sum, product);
    }
    linalg::YieldOp::create(builder, sum);
  }
};

} // namespace
} // namespace gpt2
