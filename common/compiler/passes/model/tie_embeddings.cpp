//===- tie_embeddings.cpp - One matrix for tokens and for logits --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/passes/passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

namespace gpt2 {

#define GEN_PASS_DEF_TIEEMBEDDINGS
#include "compiler/passes/Passes.h.inc"

namespace {

struct TieEmbeddings : impl::TieEmbeddingsBase<TieEmbeddings> {
  void runOnOperation() final {
    for (auto entry : getOperation().getOps<func::FuncOp>()) {
      std::optional<unsigned> head = argumentWith(entry, lmHeadAttr);
      if (entry.isExternal() || !head)
        continue;
      std::optional<unsigned> tokens = argumentWith(entry, embeddingAttr);
      if (!tokens || entry.getArgument(*head).getType() !=
                         entry.getArgument(*tokens).getType()) {
        entry.emitError("tie-embeddings: gpt2.lm_head is there, and no "
                        "gpt2.embedding of its type");
        return signalPassFailure();
      }
      entry.getArgument(*head).replaceAllUsesWith(entry.getArgument(*tokens));
      if (failed(entry.eraseArgument(*head)))
        return signalPassFailure();
    }
  }

private:
  static std::optional<unsigned> argumentWith(func::FuncOp entry,
                                              StringRef attribute) {
    for (unsigned i = 0; i < entry.getNumArguments(); ++i)
      if (entry.getArgAttr(i, attribute))
        return i;
    return std::nullopt;
  }
};

} // namespace
} // namespace gpt2
