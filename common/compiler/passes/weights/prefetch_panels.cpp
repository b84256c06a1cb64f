//===- prefetch_panels.cpp - The next panel, while this one is multiplied ===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/passes/memory/buffer_size.h"
#include "compiler/passes/passes.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace gpt2 {

#define GEN_PASS_DEF_PREFETCHPANELS
#include "compiler/passes/Passes.h.inc"

namespace {

constexpr int64_t lineBytes = 64;

struct PrefetchPanels : impl::PrefetchPanelsBase<PrefetchPanels> {
  void runOnOperation() final {
    SmallVector<vector::LoadOp> loads;
    getOperation().walk([&](vector::LoadOp load) {
      if (readsPanel(load))
        loads.push_back(load);
    });
    for (vector::LoadOp load : loads)
      prefetchNext(load);
  }

private:
  /// Whether `load` reads whole rows of a panel of an argument, packed ([L,]
  /// panels, K, N), in a loop over K that another one repeats.
  static bool readsPanel(vector::LoadOp load) {
    MemRefType type = load.getMemRefType();
    auto argument = dyn_cast<BlockArgument>(load.getBase());
    auto k = dyn_cast<scf::ForOp>(load->getParentOp());
    auto rows = k ? dyn_cast<scf::ForOp>(k->getParentOp()) : nullptr;
    if (!argument || type.getRank() < 3 || !type.hasStaticShape() || !rows)
      return false;
    std::optional<int64_t> bytes = elementBytes(type);
    if (!bytes || *bytes > lineBytes)
      return false;
    // A matrix that is not packed may look alike, (L, K, N), but for this.
    if (load.getVectorType().getNumElements() != type.getShape().back())
      return false;
    OperandRange indices = load.getIndices().take_back(3);
    return rows.isDefinedOutsideOfLoop(indices[0]) &&
           !k.isDefinedOutsideOfLoop(indices[1]);
  }

  static void prefetchNext(vector::LoadOp load) {
    MemRefType type = load.getMemRefType();
    ArrayRef<int64_t> shape = type.getShape().take_back(3);
    int64_t bytes = *elementBytes(type);
    int64_t lines = std::max<int64_t>(shape[2] * bytes / lineBytes, 1);
    auto rows = cast<scf::ForOp>(load->getParentOp()->getParentOp());
    OpBuilder builder(rows);
    Location loc = load.getLoc();
    SmallVector<Value> indices(load.getIndices());
    // Behind the last panel, that again.
    AffineExpr d = builder.getAffineSymbolExpr(0);
    Value &panel = indices[indices.size() - 3];
    panel = affine::AffineMinOp::create(
        builder, loc,
        AffineMap::get(0, 1,
                       {d + 1, builder.getAffineConstantExpr(shape[0] - 1)},
                       builder.getContext()),
        panel);
    for (int64_t line = 0; line < lines; ++line) {
      builder.setInsertionPoint(rows);
      indices.back() = arith::ConstantIndexOp::create(
          builder, loc, line * (lineBytes / bytes));
      builder.setInsertionPoint(load);
      memref::PrefetchOp::create(builder, loc, load.getBase(), indices,
                                 /*isWrite=*/false, /*localityHint=*/2,
                                 /*isDataCache=*/true);
    }
  }
};

} // namespace
} // namespace gpt2
