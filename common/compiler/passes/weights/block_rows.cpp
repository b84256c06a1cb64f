//===- block_rows.cpp - Rows in blocks of a fixed size ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/passes/passes.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace gpt2 {

#define GEN_PASS_DEF_BLOCKROWS
#include "compiler/passes/Passes.h.inc"

namespace {

/// Whether `type` is a tensor with rows to block: an open first size, and no
/// other.
bool hasRows(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && tensor.getRank() > 0 && tensor.isDynamicDim(0) &&
         tensor.getNumDynamicDims() == 1;
}

/// The loop over rows of `op`, if each row of its result is computed from rows
/// of the same number.
std::optional<unsigned> loopOverRows(linalg::LinalgOp op) {
  if (!isa<linalg::GenericOp, linalg::FillOp>(op) ||
      op->getParentOfType<scf::ForallOp>() || !op.hasPureTensorSemantics() ||
      op->getNumResults() != 1 || !hasRows(op->getResult(0).getType()))
    return std::nullopt;
  AffineMap results = op.getMatchingIndexingMap(&op.getDpsInitsMutable()[0]);
  auto row = dyn_cast<AffineDimExpr>(results.getResult(0));
  if (!row)
    return std::nullopt;
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isa<RankedTensorType>(operand.get().getType()))
      continue;
    AffineMap map = op.getMatchingIndexingMap(&operand);
    if (hasRows(operand.get().getType())) {
      if (map.getResult(0) != row)
        return std::nullopt;
      map = map.dropResult(0);
    }
    if (map.isFunctionOfDim(row.getPosition()))
      return std::nullopt;
  }
  // What an element is computed from must be in the operands alone.
  WalkResult walked = op->walk([](Operation *inner) {
    return isa<linalg::IndexOp, tensor::ExtractOp>(inner)
               ? WalkResult::interrupt()
               : WalkResult::advance();
  });
  if (walked.wasInterrupted())
    return std::nullopt;
  return row.getPosition();
}

/// Whether `value`, which a loop carries, is one of rows that operations in it
/// compute from.
bool carriesRows(BlockArgument value) {
  return hasRows(value.getType()) &&
         llvm::any_of(value.getUsers(), [](Operation *user) {
           auto op = dyn_cast<linalg::LinalgOp>(user);
           return op && loopOverRows(op);
         });
}

struct BlockRows : impl::BlockRowsBase<BlockRows> {
  using Base::Base;

  void runOnOperation() final {
    // From the outside in: what a loop carries is blocked when its body is.
    SmallVector<Operation *> ops;
    getOperation().walk<WalkOrder::PreOrder>([&](Operation *op) {
      auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
      auto loop = dyn_cast<scf::ForOp>(op);
      if ((linalgOp && loopOverRows(linalgOp)) ||
          (loop && llvm::any_of(loop.getRegionIterArgs(), carriesRows)))
        ops.push_back(op);
    });
    for (Operation *op : ops) {
      IRRewriter rewriter(op);
      if (auto loop = dyn_cast<scf::ForOp>(op))
        blockCarried(rewriter, loop);
      else
        blockOperation(rewriter, cast<linalg::LinalgOp>(op));
    }
    // What a loop hands on to its next iteration, now that its body is blocked.
    for (auto [loop, i] : carriers) {
      OpOperand &yielded = loop.getBody()->getTerminator()->getOpOperand(i);
      OpBuilder builder(yielded.getOwner());
      yielded.set(block(builder, loop.getLoc(), yielded.get()));
    }
    for (tensor::ExtractSliceOp view : views)
      if (view.use_empty())
        view.erase();
    blocked.clear();
    views.clear();
    carriers.clear();
  }

private:
  /// Of a view of T rows: what it is a view of, in blocks.
  DenseMap<Value, Value> blocked;
  SmallVector<tensor::ExtractSliceOp> views;
  /// Loops that carry blocks, and which of what they carry.
  SmallVector<std::pair<scf::ForOp, unsigned>> carriers;

  RankedTensorType blockedType(Type type) {
    auto tensor = cast<RankedTensorType>(type);
    SmallVector<int64_t> shape{ShapedType::kDynamic, rows};
    llvm::append_range(shape, tensor.getShape().drop_front());
    return RankedTensorType::get(shape, tensor.getElementType());
  }

  /// The first two dimensions are one.
  static SmallVector<ReassociationIndices> joined(int64_t rank) {
    SmallVector<ReassociationIndices> groups{{0, 1}};
    for (int64_t i = 2; i < rank; ++i)
      groups.push_back({i});
    return groups;
  }

  /// How many blocks `rowsWanted` rows make.
  Value blocksOf(OpBuilder &builder, Location loc, OpFoldResult rowsWanted) {
    AffineExpr t = builder.getAffineSymbolExpr(0);
    return getValueOrCreateConstantIndexOp(
        builder, loc,
        affine::makeComposedFoldedAffineApply(builder, loc, t.ceilDiv(rows),
                                              {rowsWanted}));
  }

  static SmallVector<OpFoldResult> sizesOf(OpBuilder &builder, Location loc,
                                           Value value) {
    return tensor::getMixedSizes(builder, loc, value);
  }

  /// `value` in blocks.
  Value block(OpBuilder &builder, Location loc, Value value) {
    if (Value known = blocked.lookup(value))
      return known;
    RankedTensorType type = blockedType(value.getType());
    if (auto empty = value.getDefiningOp<tensor::EmptyOp>()) {
      Value blocks = blocksOf(builder, loc, empty.getDynamicSizes().front());
      return tensor::EmptyOp::create(builder, loc, type, blocks);
    }
    // Room for all rows of all blocks, the first of them filled.
    SmallVector<OpFoldResult> sizes = sizesOf(builder, loc, value);
    Value blocks = blocksOf(builder, loc, sizes[0]);
    AffineExpr n = builder.getAffineSymbolExpr(0);
    Value all = getValueOrCreateConstantIndexOp(
        builder, loc,
        affine::makeComposedFoldedAffineApply(builder, loc, n * rows,
                                              {OpFoldResult(blocks)}));
    auto flat = cast<RankedTensorType>(value.getType());
    Value room = tensor::EmptyOp::create(builder, loc, flat, all);
    SmallVector<OpFoldResult> zeros(flat.getRank(), builder.getIndexAttr(0)),
        ones(flat.getRank(), builder.getIndexAttr(1));
    Value filled = tensor::InsertSliceOp::create(builder, loc, value, room,
                                                 zeros, sizes, ones);
    SmallVector<OpFoldResult> blockedSizes{blocks, builder.getIndexAttr(rows)};
    llvm::append_range(blockedSizes, ArrayRef(sizes).drop_front());
    return tensor::ExpandShapeOp::create(builder, loc, type, filled,
                                         joined(type.getRank()), blockedSizes);
  }

  /// A view of the first `count` rows of `value`, which is in blocks.
  Value unblock(OpBuilder &builder, Location loc, Value value,
                OpFoldResult count) {
    int64_t rank = cast<RankedTensorType>(value.getType()).getRank();
    Value flat =
        tensor::CollapseShapeOp::create(builder, loc, value, joined(rank));
    SmallVector<OpFoldResult> sizes = sizesOf(builder, loc, flat);
    sizes[0] = count;
    SmallVector<OpFoldResult> zeros(rank - 1, builder.getIndexAttr(0)),
        ones(rank - 1, builder.getIndexAttr(1));
    auto view =
        tensor::ExtractSliceOp::create(builder, loc, flat, zeros, sizes, ones);
    blocked[view] = value;
    views.push_back(view);
    return view;
  }

  void blockOperation(IRRewriter &rewriter, linalg::LinalgOp op) {
    Location loc = op.getLoc();
    OpFoldResult count = sizesOf(rewriter, loc, op.getDpsInits()[0])[0];
    SmallVector<NamedAttribute> attributes =
        llvm::to_vector(op->getDiscardableAttrs());
    Operation *made;
    if (auto fill = dyn_cast<linalg::FillOp>(op.getOperation())) {
      made = linalg::FillOp::create(
          rewriter, loc, fill.getInputs(),
          ValueRange{block(rewriter, loc, fill.getOutputs()[0])});
    } else {
      made = blockGeneric(rewriter, cast<linalg::GenericOp>(op.getOperation()),
                          *loopOverRows(op));
    }
    made->setDiscardableAttrs(attributes);
    made->setAttr(blockedAttr, rewriter.getUnitAttr());
    Value view = unblock(rewriter, loc, made->getResult(0), count);
    rewriter.replaceOp(op, view);
  }

  Operation *blockGeneric(IRRewriter &rewriter, linalg::GenericOp op,
                          unsigned row) {
    Location loc = op.getLoc();
    // Loop `row` becomes two, and those behind it come one later.
    unsigned loops = op.getNumLoops();
    SmallVector<AffineExpr> later;
    for (unsigned i = 0; i < loops; ++i)
      later.push_back(rewriter.getAffineDimExpr(i > row ? i + 1 : i));
    SmallVector<AffineMap> maps;
    SmallVector<Value> operands;
    for (OpOperand &operand : op->getOpOperands()) {
      AffineMap map = op.getMatchingIndexingMap(&operand).replaceDimsAndSymbols(
          later, {}, loops + 1, 0);
      Value value = operand.get();
      if (hasRows(value.getType())) {
        map = map.insertResult(rewriter.getAffineDimExpr(row + 1), 1);
        value = block(rewriter, loc, value);
      }
      maps.push_back(map);
      operands.push_back(value);
    }
    SmallVector<utils::IteratorType> iterators = op.getIteratorTypesArray();
    iterators.insert(iterators.begin() + row, utils::IteratorType::parallel);
    multiplyRowsFirst(op);
    ValueRange inputs = ValueRange(operands).take_front(op.getNumDpsInputs());
    auto made =
        linalg::GenericOp::create(rewriter, loc, operands.back().getType(),
                                  inputs, operands.back(), maps, iterators);
    made.getRegion().takeBody(op.getRegion());
    return made;
  }

  /// Rows times a matrix, not a matrix times rows: the first factor is the one
  /// that is broadcast when a product becomes vectors.
  static void multiplyRowsFirst(linalg::GenericOp op) {
    auto isOfRows = [&](Value factor) {
      while (Operation *cast = factor.getDefiningOp()) {
        if (!isa<CastOpInterface>(cast)) // an element in fewer bits
          return false;
        factor = cast->getOperand(0);
      }
      auto element = cast<BlockArgument>(factor);
      return element.getOwner() == op.getBody() &&
             hasRows(op.getMatchingOpOperand(element)->get().getType());
    };
    for (Operation &product : *op.getBody())
      if (isa<arith::MulFOp, arith::MulIOp>(product) &&
          !isOfRows(product.getOperand(0)) && isOfRows(product.getOperand(1)))
        product.setOperands({product.getOperand(1), product.getOperand(0)});
  }

  /// What `loop` carries of rows: in blocks.
  void blockCarried(IRRewriter &rewriter, scf::ForOp loop) {
    Location loc = loop.getLoc();
    SmallVector<Value> inits(loop.getInitArgs());
    SmallVector<unsigned> changed;
    SmallVector<OpFoldResult> counts(inits.size());
    for (auto [i, init] : llvm::enumerate(inits)) {
      if (!carriesRows(loop.getRegionIterArg(i)))
        continue;
      changed.push_back(i);
      counts[i] = sizesOf(rewriter, loc, init)[0];
      init = block(rewriter, loc, init);
    }
    auto made = scf::ForOp::create(rewriter, loc, loop.getLowerBound(),
                                   loop.getUpperBound(), loop.getStep(), inits);
    rewriter.eraseBlock(made.getBody());
    made.getRegion().takeBody(loop.getRegion());
    SmallVector<Value> results(made.getResults());
    for (unsigned i : changed) {
      BlockArgument carried = made.getRegionIterArg(i);
      carried.setType(inits[i].getType());
      rewriter.setInsertionPointToStart(made.getBody());
      Value view = unblock(rewriter, loc, carried, counts[i]);
      auto slice = view.getDefiningOp<tensor::ExtractSliceOp>();
      Operation *flat = slice.getSource().getDefiningOp();
      carried.replaceAllUsesExcept(view, flat);
      carriers.push_back({made, i});
      rewriter.setInsertionPointAfter(made);
      results[i] = unblock(rewriter, loc, made.getResult(i), counts[i]);
    }
    rewriter.replaceOp(loop, results);
  }
};

} // namespace
} // namespace gpt2
