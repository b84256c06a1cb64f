//===- tile_and_fuse.cpp - Compute a tile from start to end -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/passes/passes.h"
#include "compiler/passes/tensor/tile_groups.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Transforms/TileUsingInterface.h"
#include "mlir/Dialect/SCF/Transforms/Transforms.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tensor/Transforms/Transforms.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;

namespace gpt2 {

#define GEN_PASS_DEF_TILEANDFUSE
#include "compiler/passes/Passes.h.inc"

namespace {

/// Sizes are asked of the initial value, which has the same, so that nobody
/// needs `op` for its size alone.
void askInitForSizes(RewriterBase &rewriter, linalg::LinalgOp op) {
  for (auto [result, init] :
       llvm::zip_equal(op->getResults(), op.getDpsInits()))
    for (Operation *user : llvm::make_early_inc_range(result.getUsers()))
      if (auto dim = dyn_cast<tensor::DimOp>(user)) {
        rewriter.setInsertionPoint(dim);
        rewriter.replaceOp(dim, rewriter.createOrFold<tensor::DimOp>(
                                    dim.getLoc(), init, dim.getIndex()));
      }
}

struct TileAndFuse : impl::TileAndFuseBase<TileAndFuse> {
  using Base::Base;

  void runOnOperation() final {
    IRRewriter rewriter(&getContext());
    // From the end to the start: consumers before their producers.
    SmallVector<linalg::LinalgOp> ops;
    getOperation().walk([&](linalg::LinalgOp op) { ops.push_back(op); });
    for (linalg::LinalgOp op : llvm::reverse(ops)) {
      if (!op.hasPureTensorSemantics()) {
        op.emitError("tile-and-fuse: expected tensors, not buffers");
        return signalPassFailure();
      }
      askInitForSizes(rewriter, op);
      if (op->use_empty()) { // all of it was fused
        rewriter.eraseOp(op);
        continue;
      }
      if (op.getNumLoops() == 0)
        continue; // a single element
      linalg::LinalgOp root =
          fuse || !isElementwise(op) ? rootOf(op) : linalg::LinalgOp();
      if (root && isMatrixProduct(root) && !sumsAlongRows(root) &&
          hasOneRow(root))
        continue;
      if (root && failed(tile(rewriter, op, root)))
        return signalPassFailure();
    }
    // What is computed a tile at a time needs only a tile's place.
    RewritePatternSet patterns(&getContext());
    tensor::populateFoldTensorEmptyPatterns(patterns);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }

private:
  /// Tile sizes for the loops of `consumer`, 0 for those that stay whole.
  SmallVector<int64_t> sizesFor(linalg::LinalgOp consumer,
                                linalg::LinalgOp root) {
    SmallVector<int64_t> sizes(consumer.getNumLoops(), 0);
    if (!linalg::isaContractionOpInterface(root)) {
      sizes[0] = 1;
      return sizes;
    }
    unsigned parallel = root.getNumParallelLoops();
    if (sumsAlongRows(root)) {
      std::fill_n(sizes.begin(), parallel, 1);
      if (!isOfAnyOrder(root))
        sizes[0] = queries; // of the matrix
    } else if (parallel == 2)
      sizes[0] = rows, sizes[1] = columns;
    else
      for (unsigned i = 0; i + 1 < parallel; ++i)
        sizes[i] = i + 2 < parallel ? 1 : queries.getValue();
    return sizes;
  }

  LogicalResult tile(IRRewriter &rewriter, linalg::LinalgOp consumer,
                     linalg::LinalgOp root) {
    SmallVector<int64_t> sizes = sizesFor(consumer, root);
    DenseMap<Operation *, Cuts> group = groupOf(consumer, sizes);
    scf::SCFTileAndFuseOptions options;
    options.tilingOptions.setTileSizes(
        getAsIndexOpFoldResult(&getContext(), sizes));
    if (isMatrixProduct(root) && !sumsAlongRows(root)) { // columns outermost
      auto order = llvm::to_vector(llvm::seq<int64_t>(sizes.size()));
      std::swap(order[0], order[1]);
      options.tilingOptions.setInterchange(order);
    }
    options.setFusionControlFn(
        [&](tensor::ExtractSliceOp, OpResult producer, bool)
            -> std::optional<scf::SCFTileAndFuseOptions::ControlFnResult> {
          if (!fuse || !group.contains(producer.getOwner()))
            return std::nullopt;
          return scf::SCFTileAndFuseOptions::ControlFnResult{};
        });
    rewriter.setInsertionPoint(consumer);
    auto tiled = scf::tileConsumerAndFuseProducersUsingSCF(
        rewriter, cast<TilingInterface>(consumer.getOperation()), options);
    if (failed(tiled))
      return consumer.emitError("cannot be tiled");
    for (auto [before, now] : tiled->replacements)
      rewriter.replaceAllUsesWith(before, now);
    if (!linalg::isaContractionOpInterface(root) ||
        root.getNumParallelLoops() > 2)
      return success();
    for (Operation *op : tiled->tiledAndFusedOps)
      if (auto product = dyn_cast<linalg::LinalgOp>(op);
          product && linalg::isaContractionOpInterface(product)) {
        if (!sumsAlongRows(product))
          return block(rewriter, product);
        if (isOfAnyOrder(product))
          return success();
        if (failed(splitSum(rewriter, product)))
          return failure();
        peel(rewriter, tiled->loops.front());
        return success();
      }
    return consumer.emitError("lost its product");
  }

  /// The sum in `parts` sums side by side, which are added up at the end: one
  /// after another, each addition would wait for the one before it.
  LogicalResult splitSum(IRRewriter &rewriter, linalg::LinalgOp product) {
    scf::SCFTilingOptions options;
    SmallVector<unsigned> sums;
    product.getReductionDims(sums);
    SmallVector<int64_t> sizes(product.getNumLoops(), 0);
    sizes[sums[0]] = parts;
    options.setTileSizes(getAsIndexOpFoldResult(&getContext(), sizes));
    options.setReductionTilingStrategy(
        ReductionTilingStrategy::PartialReductionOuterReduction);
    options.setReductionDims(sums);
    rewriter.setInsertionPoint(product);
    auto tiled = scf::tileUsingSCF(
        rewriter, cast<TilingInterface>(product.getOperation()), options);
    if (failed(tiled))
      return product.emitError("its sum cannot be split");
    rewriter.replaceOp(product, tiled->replacements);
    return success();
  }

  /// Blocks of `depth` terms of the sum, in them strips of `strip` rows: a
  /// block of the weights stays in the cache while all strips pass over it, a
  /// strip's sums in registers while it passes over the block.
  LogicalResult block(IRRewriter &rewriter, linalg::LinalgOp product) {
    auto blocks = tileLoops(rewriter, product, {0, 0, depth});
    if (failed(blocks))
      return failure();
    auto inBlock = cast<linalg::LinalgOp>(blocks->tiledOps.back());
    if (pack)
      packWeights(rewriter, inBlock);
    auto strips = tileLoops(rewriter, inBlock, {strip, 0, 0});
    if (failed(strips))
      return failure();
    peel(rewriter, strips->loops.back());
    return success();
  }

  /// The block of weights in a place of its own, row after row. Where they are,
  /// rows lie thousands of bytes apart, and so share few places of the cache.
  static void packWeights(IRRewriter &rewriter, linalg::LinalgOp product) {
    rewriter.setInsertionPoint(product);
    Location loc = product.getLoc();
    OpOperand *weights = product.getDpsInputOperand(1);
    Value empty = tensor::EmptyOp::create(
        rewriter, loc, tensor::getMixedSizes(rewriter, loc, weights->get()),
        getElementTypeOrSelf(weights->get().getType()));
    auto copy = linalg::CopyOp::create(rewriter, loc, weights->get(), empty);
    rewriter.modifyOpInPlace(product, [&] { weights->set(copy.getResult(0)); });
  }

  /// `loop` without its last iteration, which may be shorter: all others have a
  /// known height.
  static void peel(IRRewriter &rewriter, Operation *loop) {
    scf::ForOp rest;
    (void)scf::peelForLoopAndSimplifyBounds(rewriter, cast<scf::ForOp>(loop),
                                            rest);
  }

  FailureOr<scf::SCFTilingResult> tileLoops(IRRewriter &rewriter,
                                            linalg::LinalgOp op,
                                            ArrayRef<int64_t> sizes) {
    scf::SCFTilingOptions options;
    options.setTileSizes(getAsIndexOpFoldResult(&getContext(), sizes));
    rewriter.setInsertionPoint(op);
    auto tiled = scf::tileUsingSCF(
        rewriter, cast<TilingInterface>(op.getOperation()), options);
    if (failed(tiled))
      return op.emitError("cannot be tiled"), failure();
    rewriter.replaceOp(op, tiled->replacements);
    return tiled;
  }
};

} // namespace
} // namespace gpt2
