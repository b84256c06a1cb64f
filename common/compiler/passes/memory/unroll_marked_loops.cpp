//===- unroll_marked_loops.cpp - Loops over registers, written out ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/passes/passes.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Utils/Utils.h"

using namespace mlir;

namespace gpt2 {

#define GEN_PASS_DEF_UNROLLMARKEDLOOPS
#include "compiler/passes/Passes.h.inc"

namespace {

struct UnrollMarkedLoops : impl::UnrollMarkedLoopsBase<UnrollMarkedLoops> {
  void runOnOperation() final {
    SmallVector<scf::ForOp> loops; // inner ones first
    getOperation()->walk([&](scf::ForOp loop) {
      if (loop->removeAttr(unrollAttr))
        loops.push_back(loop);
    });
    for (scf::ForOp loop : loops) {
      std::optional<APInt> iterations = loop.getStaticTripCount();
      if (!iterations || iterations->isZero()) {
        loop.emitError(
            "to be unrolled, a loop needs a number of iterations that is "
            "known, and not zero");
        return signalPassFailure();
      }
      if (failed(loopUnrollByFactor(loop, iterations->getZExtValue())))
        return signalPassFailure();
    }
  }
};

} // namespace
} // namespace gpt2
