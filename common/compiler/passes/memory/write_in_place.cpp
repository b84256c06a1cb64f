//===- write_in_place.cpp - Results are made where they are wanted ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/passes/passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Dominance.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

using namespace mlir;

namespace gpt2 {

#define GEN_PASS_DEF_WRITEINPLACE
#include "compiler/passes/Passes.h.inc"

namespace {

/// What `buffer` is a view of.
Value rootOf(Value buffer) {
  while (auto view = buffer.getDefiningOp<ViewLikeOpInterface>())
    buffer = view.getViewSource();
  return buffer;
}

/// The users of `alloc` that read or write elements; an empty list if there are
/// others than loads, stores and `copy`.
SmallVector<Operation *> accessesOf(memref::AllocOp alloc,
                                    memref::CopyOp copy) {
  SmallVector<Operation *> accesses;
  for (Operation *user : alloc->getUsers()) {
    if (user == copy)
      continue;
    if (!isa<memref::LoadOp, memref::StoreOp>(user))
      return {};
    accesses.push_back(user);
  }
  return accesses;
}

struct WriteInPlace : impl::WriteInPlaceBase<WriteInPlace> {
  void runOnOperation() final {
    DominanceInfo dominance(getOperation());
    SmallVector<memref::CopyOp> copies;
    getOperation().walk([&](memref::CopyOp copy) { copies.push_back(copy); });
    for (memref::CopyOp copy : copies)
      replace(copy, dominance);
  }

private:
  static void replace(memref::CopyOp copy, DominanceInfo &dominance) {
    auto alloc = copy.getSource().getDefiningOp<memref::AllocOp>();
    auto slice = copy.getTarget().getDefiningOp<memref::SubViewOp>();
    if (!alloc || !slice || alloc->getBlock() != copy->getBlock())
      return;
    Value root = rootOf(slice);
    if (!isa<BlockArgument>(root))
      return;
    for (Value operand : slice->getOperands())
      if (!dominance.properlyDominates(operand, alloc))
        return;
    SmallVector<Operation *> accesses = accessesOf(alloc, copy);
    if (accesses.empty())
      return;
    for (Operation *access : accesses)
      if (!copy->getBlock()->findAncestorOpInBlock(*access)->isBeforeInBlock(
              copy))
        return;
    // Nothing else uses the destination meanwhile.
    for (Operation *op = alloc->getNextNode(); op != copy;
         op = op->getNextNode()) {
      WalkResult walked = op->walk([&](Operation *inner) {
        bool uses = llvm::any_of(inner->getOperands(), [&](Value operand) {
          return isa<MemRefType>(operand.getType()) && rootOf(operand) == root;
        });
        return uses && inner != slice ? WalkResult::interrupt()
                                      : WalkResult::advance();
      });
      if (walked.wasInterrupted())
        return;
    }
    slice->moveBefore(alloc);
    copy.erase();
    alloc.replaceAllUsesWith(slice.getResult());
    alloc.erase();
  }
};

} // namespace
} // namespace gpt2
