//===- allocate_per_thread.cpp - A thread's stack, taken once -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/passes/passes.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/OpenMP/OpenMPDialect.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;

namespace gpt2 {

#define GEN_PASS_DEF_ALLOCATEPERTHREAD
#include "compiler/passes/Passes.h.inc"

namespace {

struct AllocatePerThread : impl::AllocatePerThreadBase<AllocatePerThread> {
  void runOnOperation() final {
    WalkResult walked =
        getOperation()->walk([](memref::AllocaScopeOp scope) -> WalkResult {
          auto parallel = scope->getParentOfType<omp::ParallelOp>();
          if (!parallel)
            return WalkResult::advance();
          Block &start = parallel.getRegion().front();
          // In its loops and branches, too: without the scope, what an
          // iteration takes would be given back by nobody.
          SmallVector<memref::AllocaOp> allocas;
          scope->walk([&](memref::AllocaOp alloca) {
            if (alloca->getParentOfType<omp::ParallelOp>() == parallel)
              allocas.push_back(alloca);
          });
          for (memref::AllocaOp alloca : allocas) {
            if (alloca->getNumOperands())
              return alloca.emitError(
                  "allocate-per-thread knows stack memory of known size only");
            alloca->moveBefore(&start, start.begin());
          }
          IRRewriter rewriter(scope);
          Operation *end = scope.getBodyRegion().front().getTerminator();
          if (end->getNumOperands())
            return scope.emitError("allocate-per-thread expects a scope "
                                   "without results");
          rewriter.eraseOp(end);
          rewriter.inlineBlockBefore(&scope.getBodyRegion().front(), scope);
          rewriter.eraseOp(scope);
          return WalkResult::advance();
        });
    if (walked.wasInterrupted())
      signalPassFailure();
  }
};

} // namespace
} // namespace gpt2
