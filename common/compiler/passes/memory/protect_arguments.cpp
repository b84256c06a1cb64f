//===- protect_arguments.cpp - Arguments that are not to be written -----===//
//
// Bufferization takes a tensor that an entry is given as its own, and lets an
// operation write its result where the argument is, if nobody reads that
// afterwards. But the caller's weights are the same in the next call: where a
// product begins with its bias, and the bias is a view of an argument, sums
// would be added to it for ever. This pass marks all tensors that an entry does
// not say it writes:
//
//   %out: tensor<..> {bufferization.writable = true}   stays
//   %bias: tensor<..>    becomes   %bias: tensor<..> {bufferization.writable =
//                                                     false}
//
// Run it before bufferization.
//
//===----------------------------------------------------------------------===//
#include "compiler/passes/passes.h"

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

namespace gpt2 {

#define GEN_PASS_DEF_PROTECTARGUMENTS
#include "compiler/passes/Passes.h.inc"

namespace {

struct ProtectArguments : impl::ProtectArgumentsBase<ProtectArguments> {
  void runOnOperation() final {
    func::FuncOp entry = getOperation();
    StringRef writable = bufferization::BufferizationDialect::kWritableAttrName;
    for (unsigned i = 0; i < entry.getNumArguments(); ++i)
      if (isa<TensorType>(entry.getArgument(i).getType()) &&
          !entry.getArgAttr(i, writable))
        entry.setArgAttr(i, writable, BoolAttr::get(&getContext(), false));
  }
};

} // namespace
} // namespace gpt2
