//===- tap.cpp - Looking at what a kernel of the skeleton returns -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/inspect/tap.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace gpt2 {
namespace {

func::FuncOp forwardOf(ModuleOp program) {
  auto prefill = program.lookupSymbol<func::FuncOp>("prefill");
  return prefill ? prefill : program.lookupSymbol<func::FuncOp>("forward");
}

StringRef fileOf(Operation *op) {
  auto loc = dyn_cast<FileLineColLoc>(op->getLoc());
  return loc ? loc.getFilename().getValue() : StringRef();
}

std::vector<func::CallOp> callsIn(ModuleOp program) {
  func::FuncOp forward = forwardOf(program);
  std::vector<func::CallOp> calls;
  forward.walk([&](func::CallOp call) {
    auto kernel = program.lookupSymbol<func::FuncOp>(call.getCallee());
    if (call.getNumResults() != 1 || call.getCallee() == "logits" ||
        fileOf(kernel) == fileOf(forward))
      return;
    auto type = dyn_cast<RankedTensorType>(call.getResult(0).getType());
    // A row for each token, of channels or of heads and channels.
    if (type && type.getRank() >= 2)
      calls.push_back(call);
  });
  return calls;
}

/// `tap` (L, T, width) with `value` as its part `layer`; heads and their
/// channels are one row.
Value insert(OpBuilder &builder, Value value, Value tap, OpFoldResult layer) {
  Location loc = value.getLoc();
  if (cast<RankedTensorType>(value.getType()).getRank() == 3)
    value = tensor::CollapseShapeOp::create(
        builder, loc, value, ArrayRef<ReassociationIndices>{{0}, {1, 2}});
  OpFoldResult zero = builder.getIndexAttr(0), one = builder.getIndexAttr(1);
  OpFoldResult rows = tensor::getMixedSize(builder, loc, value, 0);
  OpFoldResult width = tensor::getMixedSize(builder, loc, value, 1);
  return tensor::InsertSliceOp::create(
      builder, loc, value, tap, ArrayRef{layer, zero, zero},
      ArrayRef{one, rows, width}, ArrayRef{one, one, one});
}

} // namespace

std::vector<KernelCall> kernelCalls(ModuleOp program) {
  std::vector<KernelCall> calls;
  for (func::CallOp call : callsIn(program)) {
    auto loc = dyn_cast<FileLineColLoc>(call.getLoc());
    std::string line = loc ? std::to_string(loc.getLine()) : "?";
    calls.push_back({call.getCallee().str(), fileOf(call).str() + ":" + line,
                     isa<scf::ForOp>(call->getParentOp())});
  }
  return calls;
}

std::string tapWidth(size_t index) { return "W" + std::to_string(index); }

static void tapKernelCall(ModuleOp program, size_t index) {
  func::FuncOp forward = forwardOf(program);
  func::CallOp call = callsIn(program).at(index);
  Value result = call.getResult(0);
  auto type =
      RankedTensorType::get(SmallVector<int64_t>(3, ShapedType::kDynamic),
                            getElementTypeOrSelf(result.getType()));
  IRRewriter rewriter(program.getContext());
  unsigned position = forward.getNumArguments();
  NamedAttribute writable("bufferization.writable", rewriter.getBoolAttr(true));
  NamedAttribute shape("gpt2.shape",
                       rewriter.getStringAttr("L x T x " + tapWidth(index)));
  (void)forward.insertArgument(position, type,
                               rewriter.getDictionaryAttr({writable, shape}),
                               forward.getLoc());
  Value tap = forward.getArgument(position), filled;

  if (auto loop = dyn_cast<scf::ForOp>(call->getParentOp())) {
    auto tapped = loop.replaceWithAdditionalYields(
        rewriter, tap, /*replaceInitOperandUsesInLoop=*/false,
        [&](OpBuilder &builder, Location, ArrayRef<BlockArgument> carried) {
          auto inside = cast<scf::ForOp>(carried[0].getOwner()->getParentOp());
          // At once: a residual is added to in place.
          builder.setInsertionPointAfter(call);
          return SmallVector<Value>{
              insert(builder, result, carried[0], inside.getInductionVar())};
        });
    filled = (*tapped)->getResults().back();
  } else {
    rewriter.setInsertionPointAfter(call);
    filled = insert(rewriter, result, tap, rewriter.getIndexAttr(0));
  }
  auto terminator =
      cast<func::ReturnOp>(forward.getBody().back().getTerminator());
  terminator->insertOperands(terminator->getNumOperands(), filled);
  SmallVector<Type> results(terminator->getOperandTypes());
  forward.setType(
      rewriter.getFunctionType(forward.getArgumentTypes(), results));
}

void tapKernelCalls(ModuleOp program, std::span<const size_t> indices) {
  for (size_t index : indices)
    tapKernelCall(program, index);
}

} // namespace gpt2
