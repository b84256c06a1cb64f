//===- narrow_elements.cpp - Weights, keys and values in bf16 -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/passes/passes.h"
#include "device/program_abi.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace gpt2 {

#define GEN_PASS_DEF_NARROWELEMENTS
#include "compiler/passes/Passes.h.inc"

namespace {

/// `type`, a scalar, vector, tensor or memref, with elements of type `element`.
Type withElement(Type type, Type element) {
  if (auto shaped = dyn_cast<ShapedType>(type))
    return shaped.clone(element);
  return element;
}

struct NarrowElements : impl::NarrowElementsBase<NarrowElements> {
  using Base::Base;

  void runOnOperation() final {
    bool any = false;
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      if (function.isExternal())
        continue;
      for (BlockArgument argument : function.getArguments()) {
        if (!function.getArgAttr(argument.getArgNumber(), marked) ||
            !getElementTypeOrSelf(argument.getType()).isF32())
          continue;
        any = true;
        if (failed(narrow(argument)))
          return signalPassFailure();
      }
      for (Operation *op : inserts)
        if (auto insert = dyn_cast<tensor::InsertSliceOp>(op))
          convertSource(insert, insert);
        else // before the terminator that it is in
          convertSource(cast<tensor::ParallelInsertSliceOp>(op),
                        op->getParentOp());
      inserts.clear();
      if (failed(checkLoops(function)))
        return signalPassFailure();
      TypeRange results = function.getResultTypes();
      for (auto end : function.getOps<func::ReturnOp>())
        results = end.getOperandTypes();
      function.setType(FunctionType::get(
          &getContext(), function.getBody().front().getArgumentTypes(),
          results));
    }
    if (any)
      addWidth();
  }

private:
  /// Of one into the other, perhaps.
  llvm::SetVector<Operation *> inserts;

  /// Makes `value`, its views and its new values bf16.
  LogicalResult narrow(Value value) {
    Type narrowed = BFloat16Type::get(value.getContext());
    if (getElementTypeOrSelf(value.getType()) == narrowed)
      return success(); // a loop's, come back
    if (failed(generalizeUsers(value)))
      return failure();
    value.setType(withElement(value.getType(), narrowed));
    for (OpOperand &use : llvm::make_early_inc_range(value.getUses()))
      if (failed(narrowUse(use, narrowed)))
        return failure();
    return success();
  }

  /// Named operations that use `value` become such whose bodies can be changed:
  /// others, so that this comes before its uses are gone through.
  static LogicalResult generalizeUsers(Value value) {
    llvm::SmallSetVector<Operation *, 4> users(value.user_begin(),
                                               value.user_end());
    for (Operation *user : users) {
      auto op = dyn_cast<linalg::LinalgOp>(user);
      if (!op || isa<linalg::GenericOp>(user))
        continue;
      IRRewriter rewriter(op);
      if (failed(linalg::generalizeNamedOp(rewriter, op)))
        return op.emitError("narrow-elements cannot look into this");
    }
    return success();
  }

  LogicalResult narrowUse(OpOperand &use, Type narrowed) {
    Operation *op = use.getOwner();
    if (isa<tensor::DimOp, memref::DimOp, func::ReturnOp>(op))
      return success();
    if (isa<tensor::ExtractSliceOp, tensor::CastOp, tensor::CollapseShapeOp,
            tensor::ExpandShapeOp, bufferization::ToBufferOp, memref::SubViewOp,
            memref::CastOp>(op))
      return narrow(op->getResult(0));
    if (auto insert = dyn_cast<tensor::InsertSliceOp>(op)) {
      inserts.insert(insert);
      bool isSource = &use == &insert.getSourceMutable();
      return isSource ? success() : narrow(insert.getResult());
    }
    if (isa<tensor::ParallelInsertSliceOp>(op)) {
      inserts.insert(op);
      return success();
    }
    if (isa<tensor::ExtractOp, memref::LoadOp, vector::LoadOp>(op)) {
      Value read = op->getResult(0);
      read.setType(withElement(read.getType(), narrowed));
      extend(read, op->getBlock(), std::next(op->getIterator()));
      return success();
    }
    if (auto store = dyn_cast<memref::StoreOp>(op)) {
      OpBuilder builder(store);
      store.getValueMutable().set(arith::TruncFOp::create(
          builder, store.getLoc(), narrowed, store.getValue()));
      return success();
    }
    if (auto loop = dyn_cast<scf::ForOp>(op))
      return failure(failed(narrow(loop.getTiedLoopRegionIterArg(&use))) ||
                     failed(narrow(loop.getTiedLoopResult(&use))));
    if (auto loop = dyn_cast<scf::ForallOp>(op))
      return failure(failed(narrow(loop.getTiedBlockArgument(&use))) ||
                     failed(narrow(loop.getTiedOpResult(&use))));
    if (isa<scf::YieldOp>(op) && isa<scf::ForOp>(op->getParentOp()))
      return success(); // the loop's value is narrow, see checkLoops()
    if (auto generic = dyn_cast<linalg::GenericOp>(op))
      return narrowOperand(generic, use, narrowed);
    return op->emitError("narrow-elements knows no way to read or write bf16 "
                         "here");
  }

  /// A loop carries elements of one type from its start to its end.
  static LogicalResult checkLoops(func::FuncOp function) {
    WalkResult walked = function.walk([](scf::ForOp loop) -> WalkResult {
      if (loop.getInitArgs().getTypes() == loop.getYieldedValues().getTypes())
        return WalkResult::advance();
      return loop.emitError("narrow-elements: the loop begins with what is "
                            "bf16 and yields f32, or the other way round");
    });
    return failure(walked.wasInterrupted());
  }

  /// What is inserted, rounded or extended `before` its insertion.
  template <typename Insert>
  static void convertSource(Insert insert, Operation *before) {
    Type wanted = insert.getDestType().getElementType();
    if (insert.getSourceType().getElementType() == wanted)
      return; // it was made so
    OpBuilder builder(before);
    Location loc = insert.getLoc();
    auto type =
        cast<RankedTensorType>(withElement(insert.getSourceType(), wanted));
    Value place = tensor::ExtractSliceOp::create(
        builder, loc, type, insert.getDest(), insert.getMixedOffsets(),
        insert.getMixedSizes(), insert.getMixedStrides());
    AffineMap map = builder.getMultiDimIdentityMap(type.getRank());
    SmallVector<utils::IteratorType> parallel(type.getRank(),
                                              utils::IteratorType::parallel);
    auto converted = linalg::GenericOp::create(
        builder, loc, type, insert.getSource(), place, ArrayRef{map, map},
        parallel, [&](OpBuilder &body, Location loc, ValueRange elements) {
          Value element =
              wanted.isF32()
                  ? arith::ExtFOp::create(body, loc, wanted, elements[0])
                        .getResult()
                  : arith::TruncFOp::create(body, loc, wanted, elements[0]);
          linalg::YieldOp::create(body, loc, element);
        });
    insert.getSourceMutable().set(converted.getResult(0));
  }

  LogicalResult narrowOperand(linalg::GenericOp generic, OpOperand &operand,
                              Type narrowed) {
    BlockArgument element = generic.getMatchingBlockArgument(&operand);
    element.setType(narrowed);
    if (!element.use_empty())
      extend(element, element.getOwner(), element.getOwner()->begin());
    if (!generic.isDpsInit(&operand))
      return success();
    Operation *yield = generic.getBlock()->getTerminator();
    unsigned number = operand.getOperandNumber() - generic.getNumDpsInputs();
    OpOperand &yielded = yield->getOpOperand(number);
    OpBuilder builder(yield);
    yielded.set(arith::TruncFOp::create(builder, yield->getLoc(), narrowed,
                                        yielded.get()));
    return generic.hasPureBufferSemantics() ? success()
                                            : narrow(generic.getResult(number));
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
        builder, getOperation().getLoc(),
        (marked == cacheAttr ? program_abi::cacheBits : program_abi::matrixBits)
            .name,
        /*sym_visibility=*/StringAttr(),
        MemRefType::get({}, builder.getI32Type()),
        DenseElementsAttr::get(type, int32_t{16}), /*constant=*/true,
        /*alignment=*/IntegerAttr());
  }
};

} // namespace
} // namespace gpt2
