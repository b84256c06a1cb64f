//===- narrow_weights.cpp - Matrices in bf16 ----------------------------===//
//
// An argument marked `gpt2.matrix`, and every view of it, becomes bf16; where
// an element is read it is extended to f32, so that all arithmetic stays in f32
// and no f32 copy of the matrix exists. An op that neither views nor reads is
// an error: it would have to be taught.
//
// The program says so: @gpt2_weight_bits is the width of a matrix's element.
//
// Run it after `specialize-shapes`.
//
//===----------------------------------------------------------------------===//
#include "compiler/passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace gpt2 {
namespace {

/// `type`, a scalar, vector, tensor or memref, with elements of type `element`.
Type withElement(Type type, Type element) {
  if (auto shaped = dyn_cast<ShapedType>(type))
    return shaped.clone(element);
  return element;
}

struct NarrowWeights : PassWrapper<NarrowWeights, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(NarrowWeights)

  StringRef getName() const final { return "NarrowWeights"; }
  StringRef getArgument() const final { return "narrow-weights"; }
  StringRef getDescription() const final {
    return "Take matrices (gpt2.matrix) as bf16, and extend what is read of "
           "them";
  }
  void getDependentDialects(DialectRegistry &registry) const final {
    registry.insert<arith::ArithDialect, memref::MemRefDialect>();
  }

  void runOnOperation() final {
    bool any = false;
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      if (function.isExternal())
        continue;
      for (BlockArgument argument : function.getArguments()) {
        if (!function.removeArgAttr(argument.getArgNumber(), matrixAttr))
          continue;
        any = true;
        if (failed(narrow(argument)))
          return signalPassFailure();
      }
      function.setType(FunctionType::get(
          &getContext(), function.getBody().front().getArgumentTypes(),
          function.getResultTypes()));
    }
    if (any)
      addWidth();
  }

private:
  /// Makes `value` and its views bf16.
  static LogicalResult narrow(Value value) {
    Type narrowed = BFloat16Type::get(value.getContext());
    value.setType(withElement(value.getType(), narrowed));
    for (OpOperand &use : llvm::make_early_inc_range(value.getUses())) {
      Operation *op = use.getOwner();
      if (isa<tensor::DimOp, memref::DimOp>(op))
        continue;
      if (isa<tensor::ExtractSliceOp, tensor::CastOp, tensor::CollapseShapeOp,
              tensor::ExpandShapeOp, bufferization::ToBufferOp,
              memref::SubViewOp, memref::CastOp>(op)) {
        if (failed(narrow(op->getResult(0))))
          return failure();
      } else if (isa<tensor::ExtractOp, memref::LoadOp, vector::LoadOp>(op)) {
        Value read = op->getResult(0);
        read.setType(withElement(read.getType(), narrowed));
        extend(read, op->getBlock(), std::next(op->getIterator()));
      } else if (auto generic = dyn_cast<linalg::GenericOp>(op);
                 generic && generic.isDpsInput(&use)) {
        BlockArgument read = generic.getMatchingBlockArgument(&use);
        read.setType(narrowed);
        extend(read, read.getOwner(), read.getOwner()->begin());
      } else {
        return op->emitError("narrow-weights knows no way to read bf16 here");
      }
    }
    return success();
  }

  /// All who use `read`, a bf16, use it as f32.
  static void extend(Value read, Block *block, Block::iterator at) {
    OpBuilder builder(block, at);
    Value wide = arith::ExtFOp::create(
        builder, read.getLoc(),
        withElement(read.getType(), builder.getF32Type()), read);
    read.replaceAllUsesExcept(wide, wide.getDefiningOp());
  }

  void addWidth() {
    OpBuilder builder = OpBuilder::atBlockBegin(getOperation().getBody());
    auto type = RankedTensorType::get({}, builder.getI32Type());
    memref::GlobalOp::create(
        builder, getOperation().getLoc(), "gpt2_weight_bits",
        /*sym_visibility=*/StringAttr(),
        MemRefType::get({}, builder.getI32Type()),
        DenseElementsAttr::get(type, int32_t{16}), /*constant=*/true,
        /*alignment=*/IntegerAttr());
  }
};

} // namespace

std::unique_ptr<Pass> createNarrowWeights() {
  return std::make_unique<NarrowWeights>();
}

} // namespace gpt2
