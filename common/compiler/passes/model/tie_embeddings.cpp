//===- tie_embeddings.cpp - One matrix for tokens and for logits --------===//
//
// The text has an argument for each: the embedding of tokens, gpt2.embedding,
// and the matrix that logits are made with, gpt2.lm_head. Most models have the
// same for both. This pass then reads the first where the text has the second,
// which disappears:
//
//   func.func @forward(..., %wte: ... {gpt2.embedding}, ...,
//                      %lm_head: ... {gpt2.lm_head})
//   becomes
//   func.func @forward(..., %wte: ... {gpt2.embedding}, ...)
//
// so that a matrix that is laid out in panels, or kept in fewer bits, is so
// once.
//
//===----------------------------------------------------------------------===//
#include "compiler/passes/passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

namespace gpt2 {
namespace {

struct TieEmbeddings : PassWrapper<TieEmbeddings, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(TieEmbeddings)

  StringRef getName() const final { return "TieEmbeddings"; }
  StringRef getArgument() const final { return "tie-embeddings"; }
  StringRef getDescription() const final {
    return "Make logits with the embedding of tokens: one argument for two";
  }

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

std::unique_ptr<Pass> createTieEmbeddings() {
  return std::make_unique<TieEmbeddings>();
}

} // namespace gpt2
