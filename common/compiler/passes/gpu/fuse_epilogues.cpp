//===- fuse_epilogues.cpp - What follows a kernel, done by it -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/passes/passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;

namespace gpt2 {

#define GEN_PASS_DEF_FUSEEPILOGUES
#include "compiler/passes/Passes.h.inc"

namespace {

/// A kernel, its one store into a buffer, and the operation that reads it.
struct Epilogue {
  gpu::LaunchOp launch;
  memref::StoreOp store;
  linalg::GenericOp generic;
  memref::AllocOp buffer;
};

bool isElementwise(linalg::GenericOp generic) {
  return generic.hasPureBufferSemantics() && generic.getNumDpsInits() == 1 &&
         generic.getNumParallelLoops() == generic.getNumLoops() &&
         llvm::all_of(generic.getIndexingMapsArray(),
                      [](AffineMap map) { return map.isIdentity(); }) &&
         generic.getBody()->getOps<linalg::IndexOp>().empty();
}

/// Whether `launch` uses `buffer`, or a view of it, in its body.
bool usesViews(gpu::LaunchOp launch, Value buffer) {
  return llvm::any_of(buffer.getUsers(), [&](Operation *user) {
    if (launch->isProperAncestor(user))
      return true;
    auto view = dyn_cast<ViewLikeOpInterface>(user);
    return view && usesViews(launch, view.getViewDest());
  });
}

/// Whether `launch` may use memory of `buffer` in its body: by that name, or
/// by another view of what it is a view of.
bool uses(gpu::LaunchOp launch, Value buffer) {
  while (auto view = buffer.getDefiningOp<ViewLikeOpInterface>())
    buffer = view.getViewSource();
  // The function's own, or an argument, which is no other. A loop's or a global
  // one may have more names.
  Operation *source = buffer.getDefiningOp();
  bool isKnown =
      source ? isa<memref::AllocOp, memref::AllocaOp>(source)
             : isa<func::FuncOp>(buffer.getParentBlock()->getParentOp());
  return !isKnown || usesViews(launch, buffer);
}

/// The epilogue that reads `buffer`, if it is one.
std::optional<Epilogue> epilogueOf(memref::AllocOp buffer) {
  Epilogue found{{}, {}, {}, buffer};
  for (Operation *user : buffer->getUsers()) {
    if (auto store = dyn_cast<memref::StoreOp>(user);
        store && !found.store && store.getMemRef() == buffer) {
      found.store = store;
      found.launch = store->getParentOfType<gpu::LaunchOp>();
    } else if (auto generic = dyn_cast<linalg::GenericOp>(user);
               generic && !found.generic) {
      found.generic = generic;
    } else {
      return std::nullopt;
    }
  }
  if (!found.launch || !found.generic || !isElementwise(found.generic) ||
      found.launch->getBlock() != found.generic->getBlock() ||
      !found.launch->isBeforeInBlock(found.generic))
    return std::nullopt;
  for (OpOperand &operand : found.generic->getOpOperands())
    if (operand.get() == buffer.getResult()
            ? !found.generic.isDpsInput(&operand)
            : uses(found.launch, operand.get()))
      return std::nullopt;
  for (Operation *op = found.launch->getNextNode(); op != found.generic;
       op = op->getNextNode())
    if (!isMemoryEffectFree(op) && !isa<memref::AllocOp>(op))
      return std::nullopt;
  return found;
}

struct FuseEpilogues : impl::FuseEpiloguesBase<FuseEpilogues> {
  void runOnOperation() final {
    SmallVector<memref::AllocOp> buffers;
    getOperation().walk([&](memref::AllocOp op) { buffers.push_back(op); });
    for (memref::AllocOp buffer : buffers)
      if (std::optional<Epilogue> epilogue = epilogueOf(buffer))
        fuse(*epilogue);
  }

private:
  static void fuse(Epilogue &epilogue) {
    auto &[launch, store, generic, buffer] = epilogue;
    // What the operation needs, which is made between the two: before both.
    for (Operation &op : llvm::make_early_inc_range(llvm::make_range(
             std::next(launch->getIterator()), generic->getIterator())))
      op.moveBefore(launch);
    OpBuilder builder(store);
    Location loc = generic.getLoc();
    IRMapping values;
    for (OpOperand &operand : generic->getOpOperands()) {
      BlockArgument argument = generic.getMatchingBlockArgument(&operand);
      if (operand.get() == buffer.getResult())
        values.map(argument, store.getValue());
      else if (!argument.use_empty())
        values.map(argument, memref::LoadOp::create(builder, loc, operand.get(),
                                                    store.getIndices()));
    }
    for (Operation &op : generic.getBody()->without_terminator())
      builder.clone(op, values);
    auto yield = cast<linalg::YieldOp>(generic.getBody()->getTerminator());
    memref::StoreOp::create(builder, loc,
                            values.lookupOrDefault(yield.getOperand(0)),
                            generic.getDpsInits()[0], store.getIndices());
    store.erase();
    generic.erase();
    buffer.erase();
  }
};

} // namespace
} // namespace gpt2
