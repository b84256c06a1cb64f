//===- unroll_marked_loops.cpp - Loops over registers, written out ------===//
//
// A loop marked `gpt2.unroll` becomes its turns, one after another. A thread's
// private array is in registers only if every index into it is a constant, and
// LLVM unrolls what it finds worth its while, which a long body is not.
//
//===----------------------------------------------------------------------===//
#include "compiler/passes/passes.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Utils/Utils.h"

using namespace mlir;

namespace gpt2 {
namespace {

struct UnrollMarkedLoops : PassWrapper<UnrollMarkedLoops, OperationPass<>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(UnrollMarkedLoops)

  StringRef getName() const final { return "UnrollMarkedLoops"; }
  StringRef getArgument() const final { return "unroll-marked-loops"; }
  StringRef getDescription() const final {
    return "Write out the turns of loops marked gpt2.unroll";
  }

  void runOnOperation() final {
    SmallVector<scf::ForOp> loops; // inner ones first
    getOperation()->walk([&](scf::ForOp loop) {
      if (loop->removeAttr(unrollAttr))
        loops.push_back(loop);
    });
    for (scf::ForOp loop : loops) {
      std::optional<APInt> turns = loop.getStaticTripCount();
      if (!turns || turns->isZero()) {
        loop.emitError("to be unrolled, a loop needs a number of turns that is "
                       "known, and not zero");
        return signalPassFailure();
      }
      if (failed(loopUnrollByFactor(loop, turns->getZExtValue())))
        return signalPassFailure();
    }
  }
};

} // namespace

std::unique_ptr<Pass> createUnrollMarkedLoops() {
  return std::make_unique<UnrollMarkedLoops>();
}

} // namespace gpt2
