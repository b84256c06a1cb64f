//===- distribute_tiles.cpp - Tiles become fragments held by lanes --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/passes/gpu/fragment_access.h"
#include "compiler/passes/gpu/matrix_units.h"
#include "compiler/passes/passes.h"
#include "support/error.h"

#include "mlir/Dialect/AMDGPU/IR/AMDGPUDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/SCF/Transforms/Patterns.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Transforms/DialectConversion.h"

using namespace mlir;

namespace gpt2 {

#define GEN_PASS_DEF_DISTRIBUTETILES
#include "compiler/passes/Passes.h.inc"

using namespace fragments;

namespace {

constexpr int64_t tileSize = 16;

bool isTile(Type type) {
  auto vector = dyn_cast<VectorType>(type);
  return vector && vector.getRank() == 2 && vector.getDimSize(0) == tileSize &&
         vector.getDimSize(1) == tileSize;
}

/// A tile of what products multiply. Its parts lie in other lanes than those of
/// a tile of sums.
bool isFactor(Type type) {
  return isTile(type) && cast<VectorType>(type).getElementType().isBF16();
}

/// What becomes of an operation depends on the unit.
template <typename Op> struct TilePattern : OpConversionPattern<Op> {
  TilePattern(const TypeConverter &converter, MLIRContext *context,
              const Unit &unit)
      : OpConversionPattern<Op>(converter, context), unit(unit) {}
  const Unit &unit;
};

struct ConvertLoad : TilePattern<vector::LoadOp> {
  using TilePattern::TilePattern;

  LogicalResult
  matchAndRewrite(vector::LoadOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const final {
    auto role = op->getAttrOfType<StringAttr>(roleAttr);
    Location loc = op.getLoc();
    TileIndices tile(adaptor.getIndices());
    if (!role) {
      if (!isTile(op.getType()) || !op.getVectorType().getElementType().isF32())
        return failure();
      rewriter.replaceOpWithNewOp<vector::FromElementsOp>(
          op, getTypeConverter()->convertType(op.getType()),
          loadSums(rewriter, loc, unit, adaptor.getBase(), tile));
      return success();
    }
    FragmentLayout fragment = role == "a"   ? unit.a
                              : role == "b" ? unit.b
                                            : unit.b.transposed();
    Type element = op.getVectorType().getElementType();
    if (unit.loadsMatrices &&
        gpu::GPUDialect::hasWorkgroupMemoryAddressSpace(op.getMemRefType())) {
      rewriter.replaceOp(op, loadMatrices(rewriter, loc, adaptor.getBase(),
                                          tile, role, element));
      return success();
    }
    FragmentElements held(rewriter, loc, fragment, tile.row, tile.column);
    // Elements that are neighbours in memory: at once.
    SmallVector<Value> elements;
    for (int64_t first = 0; first < fragment.size();) {
      int64_t end = first + 1;
      while (end < fragment.size() && end - first < 8 &&
             fragment.offsets[end].first == fragment.offsets[first].first &&
             fragment.offsets[end].second ==
                 fragment.offsets[first].second + end - first)
        ++end;
      int64_t count = end - first;
      auto type = VectorType::get(count, element);
      auto run =
          vector::LoadOp::create(rewriter, loc, type, adaptor.getBase(),
                                 tile.at(held.row(first), held.column(first)));
      run.setAlignment(2 * count);
      for (int64_t i = 0; i < count; ++i)
        elements.push_back(
            vector::ExtractOp::create(rewriter, loc, run.getResult(), i));
      first = end;
    }
    rewriter.replaceOpWithNewOp<vector::FromElementsOp>(
        op, VectorType::get(fragment.size(), element), elements);
    return success();
  }
};

struct ConvertContract : TilePattern<vector::ContractionOp> {
  using TilePattern::TilePattern;

  LogicalResult
  matchAndRewrite(vector::ContractionOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const final {
    rewriter.replaceOp(op,
                       unit.multiply(rewriter, op.getLoc(), adaptor.getLhs(),
                                     adaptor.getRhs(), adaptor.getAcc()));
    return success();
  }
};

struct ConvertStore : TilePattern<vector::StoreOp> {
  using TilePattern::TilePattern;

  LogicalResult
  matchAndRewrite(vector::StoreOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const final {
    Location loc = op.getLoc();
    TileIndices tile(adaptor.getIndices());
    FragmentElements held(rewriter, loc, unit.c, tile.row, tile.column);
    for (int64_t i = 0; i < unit.c.size(); ++i) {
      Value element = vector::ExtractOp::create(rewriter, loc,
                                                adaptor.getValueToStore(), i);
      memref::StoreOp::create(rewriter, loc, element, adaptor.getBase(),
                              tile.at(held.row(i), held.column(i)));
    }
    rewriter.eraseOp(op);
    return success();
  }
};

/// Of one number to all, or of one to each row.
struct ConvertBroadcast : TilePattern<vector::BroadcastOp> {
  using TilePattern::TilePattern;

  LogicalResult
  matchAndRewrite(vector::BroadcastOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const final {
    Location loc = op.getLoc();
    Type type = getTypeConverter()->convertType(op.getType());
    if (!isa<VectorType>(op.getSourceType())) {
      rewriter.replaceOpWithNewOp<vector::BroadcastOp>(op, type,
                                                       adaptor.getSource());
      return success();
    }
    auto load = op.getSource().getDefiningOp<vector::LoadOp>();
    if (!load ||
        load.getVectorType().getShape() != ArrayRef<int64_t>{tileSize, 1})
      return op.emitError("distribute-tiles: only a vector<16x1> that was "
                          "loaded becomes a tile");
    rewriter.replaceOpWithNewOp<vector::FromElementsOp>(
        op, type,
        loadSums(rewriter, loc, unit, load.getBase(),
                 TileIndices(load.getIndices()), /*isOneColumn=*/true));
    return success();
  }
};

struct ConvertConstant : OpConversionPattern<arith::ConstantOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(arith::ConstantOp op, OpAdaptor,
                  ConversionPatternRewriter &rewriter) const final {
    auto splat = dyn_cast<SplatElementsAttr>(op.getValue());
    if (!splat)
      return op.emitError("distribute-tiles: a tile of different constants");
    auto type = cast<VectorType>(getTypeConverter()->convertType(op.getType()));
    rewriter.replaceOpWithNewOp<arith::ConstantOp>(op, splat.resizeSplat(type));
    return success();
  }
};

/// What each lane does for its own part.
struct ConvertElementwise : ConversionPattern {
  ConvertElementwise(const TypeConverter &converter, MLIRContext *context)
      : ConversionPattern(converter, MatchAnyOpTypeTag(), 1, context) {}
  LogicalResult
  matchAndRewrite(Operation *op, ArrayRef<Value> operands,
                  ConversionPatternRewriter &rewriter) const final {
    if (!OpTrait::hasElementwiseMappableTraits(op) || op->getNumResults() != 1)
      return failure();
    OperationState state(
        op->getLoc(), op->getName(), operands,
        getTypeConverter()->convertType(op->getResult(0).getType()),
        op->getAttrs());
    rewriter.replaceOp(op, rewriter.create(state));
    return success();
  }
};

struct DistributeTiles : impl::DistributeTilesBase<DistributeTiles> {
  using Base::Base;

  void runOnOperation() final {
    gpu::GPUModuleOp module = getOperation();
    bool any = false;
    WalkResult found = module.walk([&](vector::ContractionOp product) {
      if (!isTile(product.getResultType()))
        return WalkResult::advance();
      any = true;
      return failed(assignRoles(product)) ? WalkResult::interrupt()
                                          : WalkResult::advance();
    });
    if (found.wasInterrupted())
      return signalPassFailure();
    if (!any)
      return;
    WalkResult checked = module.walk(refuseOtherUses);
    if (checked.wasInterrupted())
      return signalPassFailure();
    std::optional<GpuTarget> target = targetOf(module);
    if (!target)
      return signalPassFailure();
    Unit unit = unitOf(*target);
    TypeConverter converter;
    converter.addConversion([](Type type) { return type; });
    converter.addConversion([&](VectorType type) -> Type {
      if (!isTile(type))
        return type;
      return VectorType::get(isFactor(type) ? unit.a.size() : unit.c.size(),
                             type.getElementType());
    });
    ConversionTarget legality(getContext());
    legality.markUnknownOpDynamicallyLegal([](Operation *op) {
      return llvm::none_of(op->getOperandTypes(), isTile) &&
             llvm::none_of(op->getResultTypes(), isTile);
    });
    RewritePatternSet patterns(&getContext());
    patterns.add<ConvertLoad, ConvertContract, ConvertStore, ConvertBroadcast>(
        converter, &getContext(), unit);
    patterns.add<ConvertConstant, ConvertElementwise>(converter, &getContext());
    scf::populateSCFStructuralTypeConversionsAndLegality(converter, patterns,
                                                         legality);
    if (failed(applyPartialConversion(module, legality, std::move(patterns))))
      return signalPassFailure();
    // Of numbers for rows, only broadcasts made use.
    module.walk([](vector::LoadOp load) {
      if (load->use_empty())
        load.erase();
    });
  }

private:
  /// The chip; none, and a diagnostic, if LLVM does not know it or it has no
  /// matrix unit.
  std::optional<GpuTarget> targetOf(gpu::GPUModuleOp module) {
    std::optional<GpuTarget> target;
    try { // MLIR, which calls us, cannot be unwound
      target = GpuTarget::of(chip);
    } catch (const Error &error) {
      module.emitError("distribute-tiles: ") << error.what();
      return std::nullopt;
    }
    if (!hasMatrixUnits(*target)) {
      module.emitError("distribute-tiles: ")
          << chip.getValue()
          << " has no matrix unit for bf16 that is known here";
      return std::nullopt;
    }
    return target;
  }

  /// Loads make factors, and products take them; for all else, lanes would hold
  /// them in the wrong places.
  static WalkResult refuseOtherUses(Operation *op) {
    if (isa<vector::LoadOp>(op) ||
        (isa<vector::ContractionOp>(op) && !isFactor(op->getResultTypes()[0])))
      return WalkResult::advance();
    if (llvm::none_of(op->getOperandTypes(), isFactor) &&
        llvm::none_of(op->getResultTypes(), isFactor))
      return WalkResult::advance();
    return op->emitError("distribute-tiles: a bf16 tile is for products only");
  }

  /// Tells the loads of a product's factors what they are.
  static LogicalResult assignRoles(vector::ContractionOp product) {
    AffineExpr m, n, k;
    bindDims(product.getContext(), m, n, k);
    using Maps = SmallVector<SmallVector<AffineExpr>>;
    Maps plain{{m, k}, {k, n}, {m, n}}, transposed{{m, k}, {n, k}, {m, n}};
    Maps own;
    for (AffineMap map : product.getIndexingMapsArray())
      own.push_back(llvm::to_vector(map.getResults()));
    if ((own != plain && own != transposed) ||
        product.getKind() != vector::CombiningKind::ADD)
      return product.emitError("distribute-tiles: expected (m, k), (k, n) or "
                               "(n, k), and (m, n)");
    StringRef right = own == plain ? "b" : "b transposed";
    for (auto [factor, role] : {std::pair(product.getLhs(), StringRef("a")),
                                std::pair(product.getRhs(), right)}) {
      auto load = factor.getDefiningOp<vector::LoadOp>();
      auto name = StringAttr::get(product.getContext(), role);
      if (!load || !isFactor(load.getType()))
        return product.emitError("distribute-tiles: a factor is not a bf16 "
                                 "tile of 16 x 16 that was loaded");
      if (auto other = load->getAttr(roleAttr); other && other != name)
        return load.emitError("distribute-tiles: a left and a right factor");
      load->setAttr(roleAttr, name);
    }
    return success();
  }
};

} // namespace
} // namespace gpt2
