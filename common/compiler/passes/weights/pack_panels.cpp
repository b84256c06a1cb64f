//===- pack_panels.cpp - Weights in the order in which they are read ----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/passes/passes.h"
#include "compiler/passes/weights/panels.h"
#include "compiler/passes/weights/prepack.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace gpt2 {

#define GEN_PASS_DEF_PACKPANELS
#include "compiler/passes/Passes.h.inc"

namespace {

/// The panels that a read in a vector would have: it runs along one dimension,
/// or along the last two, the last but one for `depth`.
std::optional<Panels> panelsFor(vector::TransferReadOp read) {
  VectorType type = read.getVectorType();
  if (read.hasOutOfBoundsDim() || read.getMask())
    return std::nullopt;
  SmallVector<std::pair<unsigned, int64_t>> runs;
  for (auto [i, result] :
       llvm::enumerate(read.getPermutationMap().getResults()))
    if (type.getDimSize(i) != 1) {
      auto dim = dyn_cast<AffineDimExpr>(result);
      if (!dim)
        return std::nullopt;
      runs.push_back({dim.getPosition(), type.getDimSize(i)});
    }
  if (runs.size() == 1)
    return Panels{runs[0].first, runs[0].second};
  unsigned last = read.getIndices().size() - 1;
  if (runs.size() != 2 || runs[0].first != last - 1 || runs[1].first != last ||
      read.getShapedType().getDimSize(last - 1) % runs[0].second != 0)
    return std::nullopt;
  return Panels{last, runs[1].second, runs[0].second};
}

struct PackPanels : impl::PackPanelsBase<PackPanels> {
  void runOnOperation() final {
    // The same argument of all entries.
    std::map<unsigned, SmallVector<BlockArgument>> matrices;
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      if (function.isExternal())
        continue;
      for (BlockArgument argument : function.getArguments()) {
        if (!function.getArgAttr(argument.getArgNumber(), matrixAttr))
          continue;
        if (!isa<RankedTensorType>(argument.getType())) {
          function.emitError("pack-panels: expected a tensor as argument ")
              << argument.getArgNumber();
          return signalPassFailure();
        }
        matrices[argument.getArgNumber()].push_back(argument);
      }
    }
    for (auto &[number, arguments] : matrices) {
      std::optional<Panels> panels = panelsOf(arguments);
      auto plain = cast<RankedTensorType>(arguments.front().getType());
      if (panels)
        for (BlockArgument argument : arguments)
          layOut(argument, *panels);
      if (panels || plain.getElementType().isInteger(8))
        addPrepack(getOperation(), number, plain, panels);
    }
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (!function.isExternal())
        function.setType(FunctionType::get(
            &getContext(), function.getBody().front().getArgumentTypes(),
            function.getResultTypes()));
  }

private:
  /// How all who read `arguments`, one matrix, would have it; none if they do
  /// not agree or there is a reader that could not find its elements.
  static std::optional<Panels> panelsOf(ArrayRef<BlockArgument> arguments) {
    std::optional<Panels> panels;
    for (BlockArgument argument : arguments)
      for (Operation *user : argument.getUsers()) {
        auto read = dyn_cast<vector::TransferReadOp>(user);
        if (!read)
          continue;
        std::optional<Panels> wanted = panelsFor(read);
        if (!wanted || (panels && *panels != *wanted))
          return std::nullopt;
        panels = wanted;
      }
    if (!panels)
      return std::nullopt;
    for (BlockArgument argument : arguments)
      for (Operation *user : argument.getUsers())
        if (!canFollow(user, *panels))
          return std::nullopt;
    return panels;
  }

  /// Whether `user` finds its elements in `panels`.
  static bool canFollow(Operation *user, const Panels &panels) {
    if (isa<tensor::ExtractOp, tensor::DimOp>(user))
      return true;
    if (auto read = dyn_cast<vector::TransferReadOp>(user)) {
      auto isMultipleAt = [&](unsigned dim, int64_t of) {
        return isMultiple(OpFoldResult(read.getIndices()[dim]), of);
      };
      return isMultipleAt(panels.columns, panels.width) &&
             (panels.depth == 1 ||
              isMultipleAt(panels.columns - 1, panels.depth));
    }
    // The columns behind the last whole panel: a part of a panel.
    auto slice = dyn_cast<tensor::ExtractSliceOp>(user);
    if (!slice || panels.depth > 1 || !slice.hasUnitStride() ||
        !isMultiple(slice.getMixedOffsets()[panels.columns], panels.width))
      return false;
    // Of a size that is not known: what is left behind the last whole panel.
    int64_t size = slice.getStaticSizes()[panels.columns];
    if (!ShapedType::isDynamic(size) && size > panels.width)
      return false;
    return llvm::all_of(slice->getUsers(), [](Operation *reader) {
      return isa<linalg::GenericOp, tensor::DimOp>(reader);
    });
  }

  void layOut(BlockArgument argument, const Panels &panels) {
    auto plain = cast<RankedTensorType>(argument.getType());
    argument.setType(RankedTensorType::get(panels.shapeOf(plain.getShape()),
                                           plain.getElementType()));
    for (Operation *user : llvm::make_early_inc_range(argument.getUsers())) {
      IRRewriter rewriter(user);
      Location loc = user->getLoc();
      if (auto extract = dyn_cast<tensor::ExtractOp>(user)) {
        rewriter.replaceOpWithNewOp<tensor::ExtractOp>(
            extract, argument,
            panels.indicesOf(rewriter, loc, extract.getIndices()));
      } else if (auto read = dyn_cast<vector::TransferReadOp>(user)) {
        moveRead(rewriter, read, panels);
      } else if (auto slice = dyn_cast<tensor::ExtractSliceOp>(user)) {
        moveSlice(rewriter, slice, panels);
      }
    }
  }

  static void moveRead(IRRewriter &rewriter, vector::TransferReadOp read,
                       const Panels &panels) {
    unsigned rank = read.getIndices().size();
    SmallVector<Value> indices =
        panels.indicesOf(rewriter, read.getLoc(), read.getIndices());
    if (panels.depth > 1) {
      moveDeepRead(rewriter, read, indices, panels);
      return;
    }
    // Along the new last dimension; the others shift.
    SmallVector<AffineExpr> dims;
    for (unsigned i = 0; i < rank; ++i)
      dims.push_back(rewriter.getAffineDimExpr(panels.dimOf(i, rank)));
    AffineMap map =
        read.getPermutationMap().replaceDimsAndSymbols(dims, {}, rank + 1, 0);
    rewriter.replaceOpWithNewOp<vector::TransferReadOp>(
        read, read.getVectorType(), read.getBase(), indices, map,
        read.getPadding(), /*mask=*/Value(), read.getInBoundsAttr());
  }

  /// Columns first, as they are now; the reader gets the transpose.
  static void moveDeepRead(IRRewriter &rewriter, vector::TransferReadOp read,
                           ValueRange indices, const Panels &panels) {
    VectorType type = read.getVectorType();
    auto flat =
        VectorType::get(panels.width * panels.depth, type.getElementType());
    SmallVector<bool> inBounds(1, true);
    Value moved = vector::TransferReadOp::create(
        rewriter, read.getLoc(), flat, read.getBase(), indices,
        read.getPadding(), ArrayRef(inBounds));
    auto columns =
        VectorType::get({panels.width, panels.depth}, type.getElementType());
    moved =
        vector::ShapeCastOp::create(rewriter, read.getLoc(), columns, moved);
    moved = vector::TransposeOp::create(rewriter, read.getLoc(), moved,
                                        ArrayRef<int64_t>{1, 0});
    if (moved.getType() != type) // with dimensions of size one
      moved = vector::ShapeCastOp::create(rewriter, read.getLoc(), type, moved);
    rewriter.replaceOp(read, moved);
  }

  static void moveSlice(IRRewriter &rewriter, tensor::ExtractSliceOp slice,
                        const Panels &panels) {
    Location loc = slice.getLoc();
    unsigned rank = slice.getMixedOffsets().size();
    SmallVector<Value> starts;
    for (OpFoldResult offset : slice.getMixedOffsets())
      starts.push_back(getValueOrCreateConstantIndexOp(rewriter, loc, offset));
    SmallVector<OpFoldResult> offsets =
        getAsOpFoldResult(panels.indicesOf(rewriter, loc, starts));
    SmallVector<OpFoldResult> sizes(rank + 1, rewriter.getIndexAttr(1));
    for (auto [i, size] : llvm::enumerate(slice.getMixedSizes()))
      sizes[panels.dimOf(i, rank)] = size;
    // The columns are last now; before, they may have been first. The slice may
    // lack dimensions of size one, before the columns or behind them.
    auto plain = slice.getType();
    llvm::SmallBitVector dropped = slice.getDroppedDims();
    SmallVector<OpFoldResult> ones(rank + 1, rewriter.getIndexAttr(1));
    if (dropped.test(panels.columns)) { // one column, which has no dimension
      rewriter.replaceOpWithNewOp<tensor::ExtractSliceOp>(
          slice, plain, slice.getSource(), offsets, sizes, ones);
      return;
    }
    unsigned columns = 0;
    for (unsigned i = 0; i < panels.columns; ++i)
      columns += !dropped.test(i);
    SmallVector<int64_t> shape(plain.getShape());
    shape.erase(shape.begin() + columns);
    shape.push_back(plain.getDimSize(columns));
    auto type = RankedTensorType::get(shape, plain.getElementType());
    Value moved = tensor::ExtractSliceOp::create(
        rewriter, loc, type, slice.getSource(), offsets, sizes, ones);
    for (OpOperand &use : llvm::make_early_inc_range(slice->getUses())) {
      if (auto dim = dyn_cast<tensor::DimOp>(use.getOwner())) {
        int64_t index = *dim.getConstantIndex();
        int64_t now =
            index == columns ? plain.getRank() - 1 : index - (index > columns);
        rewriter.setInsertionPoint(dim);
        rewriter.replaceOpWithNewOp<tensor::DimOp>(dim, moved, now);
        continue;
      }
      auto reader = cast<linalg::GenericOp>(use.getOwner());
      SmallVector<AffineMap> maps = reader.getIndexingMapsArray();
      AffineMap &map = maps[use.getOperandNumber()];
      AffineExpr column = map.getResult(columns);
      map = map.dropResult(columns);
      map = map.insertResult(column, map.getNumResults());
      use.set(moved);
      reader.setIndexingMapsAttr(rewriter.getAffineMapArrayAttr(maps));
    }
    rewriter.eraseOp(slice);
  }
};

} // namespace
} // namespace gpt2
