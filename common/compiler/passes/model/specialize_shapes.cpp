//===- specialize_shapes.cpp - From `?` to a model's numbers ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// In three steps:
//
//   1. Each argument takes its static type; a cast leads back to the old one.
//   2. Canonicalisation folds the casts into their users, dims into constants,
//      and so on until nothing changes. Upstream patterns do it all but for two
//      cases: a loop's carried value keeps the type `?` if it is used more than
//      once, and so does a tensor made of a buffer. `RefineCarriedTypes` and
//      `RefineTensorOfBuffer` are patterns for these.
//   3. The function returns what is now known of its results.
//
//===----------------------------------------------------------------------===//
#include "compiler/passes/model/size_text.h"
#include "compiler/passes/passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;

namespace gpt2 {

#define GEN_PASS_DEF_SPECIALIZESHAPES
#include "compiler/passes/Passes.h.inc"

namespace {

/// `value` as `type`: itself, or a cast of it.
Value castTo(OpBuilder &builder, Location loc, Value value, Type type) {
  if (value.getType() == type)
    return value;
  return tensor::CastOp::create(builder, loc, type, value);
}

/// The tensor of a buffer that is a cast from a more static type takes that
/// type; a cast behind it restores the old one.
struct RefineTensorOfBuffer : OpRewritePattern<bufferization::ToTensorOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(bufferization::ToTensorOp op,
                                PatternRewriter &rewriter) const override {
    auto cast = op.getBuffer().getDefiningOp<memref::CastOp>();
    auto from =
        cast ? dyn_cast<MemRefType>(cast.getSource().getType()) : MemRefType();
    if (!from || from.getNumDynamicDims() >=
                     mlir::cast<MemRefType>(cast.getType()).getNumDynamicDims())
      return failure();
    auto tensor = bufferization::ToTensorOp::create(
        rewriter, op.getLoc(), memref::getTensorTypeFromMemRefType(from),
        cast.getSource(), op.getRestrict(), op.getWritable());
    rewriter.replaceOpWithNewOp<tensor::CastOp>(op, op.getType(), tensor);
    return success();
  }
};

/// A loop whose initial value is a cast from a more static type carries that
/// type instead; casts inside and behind the loop restore the old one.
struct RefineCarriedTypes : OpRewritePattern<scf::ForOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(scf::ForOp loop,
                                PatternRewriter &rewriter) const override {
    SmallVector<Value> inits(loop.getInitArgs());
    bool refined = false;
    for (Value &init : inits)
      if (auto cast = init.getDefiningOp<tensor::CastOp>();
          cast && tensor::canFoldIntoConsumerOp(cast)) {
        init = cast.getSource();
        refined = true;
      }
    if (!refined)
      return failure();

    Location loc = loop.getLoc();
    auto fresh =
        scf::ForOp::create(rewriter, loc, loop.getLowerBound(),
                           loop.getUpperBound(), loop.getStep(), inits);
    rewriter.setInsertionPointToStart(fresh.getBody());
    SmallVector<Value> arguments{fresh.getInductionVar()};
    for (auto [now, before] :
         llvm::zip_equal(fresh.getRegionIterArgs(), loop.getRegionIterArgs()))
      arguments.push_back(castTo(rewriter, loc, now, before.getType()));
    rewriter.mergeBlocks(loop.getBody(), fresh.getBody(), arguments);

    auto yield = cast<scf::YieldOp>(fresh.getBody()->getTerminator());
    rewriter.setInsertionPoint(yield);
    SmallVector<Value> yielded;
    for (auto [value, carried] :
         llvm::zip_equal(yield.getOperands(), fresh.getRegionIterArgs()))
      yielded.push_back(castTo(rewriter, loc, value, carried.getType()));
    rewriter.modifyOpInPlace(yield, [&] { yield->setOperands(yielded); });

    rewriter.setInsertionPointAfter(fresh);
    SmallVector<Value> results;
    for (auto [now, before] :
         llvm::zip_equal(fresh.getResults(), loop.getResults()))
      results.push_back(castTo(rewriter, loc, now, before.getType()));
    rewriter.replaceOp(loop, results);
    return success();
  }
};

struct SpecializeShapes : impl::SpecializeShapesBase<SpecializeShapes> {
  using Base::Base;

  void runOnOperation() final {
    FailureOr<Sizes> known = parseSizes(&getContext(), sizes, getArgument());
    if (failed(known))
      return signalPassFailure();
    SmallVector<func::FuncOp> entries;
    WalkResult walked = getOperation()->walk([&](func::FuncOp function) {
      if (function.isDeclaration() || !isMarked(function))
        return WalkResult::advance();
      entries.push_back(function);
      return failed(specializeArguments(function, *known))
                 ? WalkResult::interrupt()
                 : WalkResult::advance();
    });
    if (walked.wasInterrupted() || failed(propagate()))
      return signalPassFailure();
    for (func::FuncOp function : entries) {
      refineResults(function);
      if (auto longest = known->find("P"); longest != known->end())
        function->setAttr(
            contextAttr,
            IntegerAttr::get(IndexType::get(&getContext()), longest->second));
    }
  }

private:
  /// " C L T": what `gpt2.shape` may name.
  std::string lettersOf(const Sizes &known) {
    std::string letters;
    for (const auto &[letter, size] : known)
      letters += " " + letter;
    for (const std::string &letter : open)
      if (!known.count(letter))
        letters += " " + letter;
    return letters;
  }

  static bool isMarked(func::FuncOp function) {
    for (unsigned i = 0; i < function.getNumArguments(); ++i)
      if (function.getArgAttr(i, shapeAttr) || function.getArgAttr(i, sizeAttr))
        return true;
    return false;
  }

  /// The static type for the argument's, whose dimensions are written in `text`
  /// as letters with an optional factor: "L x C x 3C".
  FailureOr<RankedTensorType> typeFor(BlockArgument argument, StringRef text,
                                      const Sizes &known) {
    auto type = cast<RankedTensorType>(argument.getType());
    SmallVector<StringRef> names;
    text.split(names, 'x');
    if (names.size() != static_cast<size_t>(type.getRank()))
      return emitError(argument.getLoc())
             << "gpt2.shape \"" << text << "\" names " << names.size()
             << " sizes of " << type;
    SmallVector<int64_t> shape(type.getShape());
    for (auto [size, name] : llvm::zip_equal(shape, names)) {
      std::optional<NamedSize> named = NamedSize::parse(name.trim());
      if (!named)
        return emitError(argument.getLoc())
               << "gpt2.shape \"" << text
               << "\" has a factor that is too large";
      std::optional<int64_t> value = named->valueFor(known);
      if (value && !ShapedType::isDynamic(size) && size != *value)
        return emitError(argument.getLoc())
               << "gpt2.shape \"" << text << "\" says that \"" << name.trim()
               << "\" is " << *value << ", which " << type << " denies";
      if (value)
        size = *value;
      if (ShapedType::isDynamic(size) && !open.empty() &&
          !llvm::is_contained(open, named->letter))
        return emitError(argument.getLoc())
               << "the size \"" << named->letter << "\" of " << type
               << " is not known; expected one of" << lettersOf(known);
    }
    return type.clone(shape);
  }

  LogicalResult specializeArguments(func::FuncOp function, const Sizes &known) {
    Block &body = function.getBody().front();
    OpBuilder builder = OpBuilder::atBlockBegin(&body);
    BitVector erased(function.getNumArguments());
    for (BlockArgument argument : body.getArguments()) {
      unsigned i = argument.getArgNumber();
      Location loc = argument.getLoc();
      if (auto letter = function.getArgAttrOfType<StringAttr>(i, sizeAttr)) {
        auto found = known.find(letter.str());
        if (found == known.end())
          return function.emitError()
                 << "specialize-shapes needs the size " << letter;
        Value size =
            arith::ConstantIndexOp::create(builder, loc, found->second);
        argument.replaceAllUsesWith(size);
        erased.set(i);
      }
      auto text = function.getArgAttrOfType<StringAttr>(i, shapeAttr);
      auto type = dyn_cast<RankedTensorType>(argument.getType());
      if (!type)
        continue;
      if (!text && !open.empty() && !type.hasStaticShape())
        return emitError(loc) << "an argument of type " << type
                              << " stays open; expected gpt2.shape with its "
                                 "sizes, as \"T x C\"";
      if (!text)
        continue;
      FailureOr<RankedTensorType> refined =
          typeFor(argument, text.getValue(), known);
      if (failed(refined))
        return failure();
      function.removeArgAttr(i, shapeAttr);
      if (*refined == type)
        continue;
      argument.setType(*refined);
      auto cast = tensor::CastOp::create(builder, loc, type, argument);
      argument.replaceAllUsesExcept(cast, cast);
    }
    function.setType(FunctionType::get(&getContext(), body.getArgumentTypes(),
                                       function.getResultTypes()));
    return function.eraseArguments(erased);
  }

  /// Every canonicalisation that is loaded, and ours, until nothing changes.
  LogicalResult propagate() {
    RewritePatternSet patterns(&getContext());
    for (Dialect *dialect : getContext().getLoadedDialects())
      dialect->getCanonicalizationPatterns(patterns);
    for (RegisteredOperationName op : getContext().getRegisteredOperations())
      op.getCanonicalizationPatterns(patterns, &getContext());
    patterns.add<RefineCarriedTypes, RefineTensorOfBuffer>(&getContext());
    return applyPatternsGreedily(getOperation(), std::move(patterns));
  }

  static void refineResults(func::FuncOp function) {
    auto terminator =
        dyn_cast<func::ReturnOp>(function.getBody().back().getTerminator());
    if (!terminator || !function.getBody().hasOneBlock())
      return; // another block returns what it knows
    for (OpOperand &operand : terminator->getOpOperands())
      if (auto cast = operand.get().getDefiningOp<tensor::CastOp>();
          cast && tensor::canFoldIntoConsumerOp(cast)) {
        operand.set(cast.getSource());
        if (cast.use_empty())
          cast.erase();
      }
    function.setType(FunctionType::get(function.getContext(),
                                       function.getArgumentTypes(),
                                       terminator.getOperandTypes()));
  }
};

} // namespace
} // namespace gpt2
