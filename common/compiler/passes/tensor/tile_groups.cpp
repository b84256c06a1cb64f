//===- tile_groups.cpp - What can be computed a tile at a time ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/passes/tensor/tile_groups.h"
#include "compiler/passes/tensor/linalg_queries.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace gpt2 {

bool isElementwise(linalg::LinalgOp op) {
  return op.getNumParallelLoops() == op.getNumLoops();
}

bool isMatrixProduct(linalg::LinalgOp op) {
  return linalg::isaContractionOpInterface(op) && op.getNumParallelLoops() == 2;
}

bool sumsAlongRows(linalg::LinalgOp op) {
  SmallVector<unsigned> sums;
  op.getReductionDims(sums);
  return linalg::isaContractionOpInterface(op) && sums.size() == 1 &&
         op.getNumParallelLoops() <= 2 &&
         llvm::all_of(op.getDpsInputOperands(), [&](OpOperand *operand) {
           AffineMap map = op.getMatchingIndexingMap(operand);
           return map.getResults().back() ==
                  getAffineDimExpr(sums[0], op.getContext());
         });
}

bool isOfAnyOrder(linalg::LinalgOp sum) {
  auto add = sum.getBlock()
                 ->getTerminator()
                 ->getOperand(0)
                 .getDefiningOp<arith::AddFOp>();
  return add && arith::bitEnumContainsAll(add.getFastmath(),
                                          arith::FastMathFlags::reassoc);
}

bool hasOneRow(linalg::LinalgOp product) {
  return product.getStaticLoopRanges()[0] == 1;
}

namespace {

/// Whether nobody but `user` reads `value`; who only asks for its size does
/// not.
bool isReadOnlyBy(Value value, Operation *user) {
  return llvm::all_of(value.getUsers(), [&](Operation *other) {
    return other == user || isa<tensor::DimOp>(other);
  });
}

} // namespace

linalg::LinalgOp rootOf(linalg::LinalgOp consumer) {
  if (!isElementwise(consumer))
    return consumer;
  for (OpOperand *operand : consumer.getDpsInputOperands()) {
    auto producer = operand->get().getDefiningOp<linalg::LinalgOp>();
    if (!producer || !isReadOnlyBy(operand->get(), consumer))
      continue;
    linalg::LinalgOp root = rootOf(producer);
    // The tile of a product is that of the consumer if rows are rows all the
    // way.
    if (root && (consumer.getMatchingIndexingMap(operand).isIdentity() ||
                 !linalg::isaContractionOpInterface(root)))
      return root;
  }
  return {};
}

namespace {

/// How the element read as `operand` moves with the loops over tiles, if
/// `cuts` is how its owner is cut: one entry for each dimension.
Cuts cutsOfOperand(OpOperand &operand, const Cuts &cuts) {
  auto op = cast<linalg::LinalgOp>(operand.getOwner());
  Cuts result;
  for (AffineExpr expr : op.getMatchingIndexingMap(&operand).getResults()) {
    auto loop = dyn_cast<AffineDimExpr>(expr);
    result.push_back(loop ? cuts[loop.getPosition()] : -1);
  }
  return result;
}

} // namespace

DenseMap<Operation *, Cuts> groupOf(linalg::LinalgOp consumer,
                                    ArrayRef<int64_t> sizes) {
  DenseMap<Operation *, Cuts> group;
  Cuts &consumerCuts = group[consumer];
  int tileLoops = 0;
  for (int64_t size : sizes)
    consumerCuts.push_back(size ? tileLoops++ : -1);
  for (Operation *op = consumer->getPrevNode(); op; op = op->getPrevNode()) {
    auto producer = dyn_cast<linalg::LinalgOp>(op);
    if (!producer || producer->getNumResults() != 1)
      continue;
    std::optional<Cuts> moved; // one entry for each dimension of the result
    bool fits = !producer->use_empty();
    for (OpOperand &use : producer->getUses()) {
      if (isa<tensor::DimOp>(use.getOwner()))
        continue;
      auto user = group.find(use.getOwner());
      if (user == group.end()) {
        // To fill twice costs less than to read once.
        fits &= isFill(producer);
        continue;
      }
      Cuts cuts = cutsOfOperand(use, user->second);
      for (int loop = 0; loop < tileLoops; ++loop)
        fits &= llvm::is_contained(cuts, loop);
      fits &= !moved || *moved == cuts;
      moved = cuts;
    }
    if (!fits || !moved)
      continue;
    Cuts cuts(producer.getNumLoops(), -1);
    AffineMap map =
        producer.getIndexingMapMatchingResult(producer->getResult(0));
    for (auto [expr, cut] : llvm::zip_equal(map.getResults(), *moved))
      cuts[cast<AffineDimExpr>(expr).getPosition()] = cut;
    group[op] = cuts;
  }
  return group;
}

} // namespace gpt2
