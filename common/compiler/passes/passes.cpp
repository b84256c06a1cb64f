//===- passes.cpp - Names for our passes --------------------------------===//
#include "compiler/passes/passes.h"
#include "compiler/passes/gpu/matrix_units.h"
#include "compiler/passes/memory/protect_arguments.h"
#include "compiler/schedule/schedule.h"

#include <mutex>
#include <utility>

namespace gpt2 {

namespace {

void registerThem() {
  mlir::registerPass([] { return createSpecializeShapes({}); });
  mlir::registerPass(createAlignSharedMemory);
  mlir::registerPass(createAllocatePerThread);
  mlir::registerPass(createApproximateMath);
  mlir::registerPass([] { return createBlockRows(); });
  mlir::registerPass([] { return createCloneEntry(); });
  mlir::registerPass(createContractMultiplyAdd);
  mlir::registerPass(createCopiesToLinalg);
  mlir::registerPass([] { return createDistributeTiles(); });
  mlir::registerPass([] { return createDotProducts(); });
  mlir::registerPass(createDropReturnedArguments);
  mlir::registerPass(createFoldVectorAccesses);
  mlir::registerPass(createForwardTransfers);
  mlir::registerPass(createFuseElementwise);
  mlir::registerPass(createFuseEpilogues);
  mlir::registerPass(createLowerGpuLaunches);
  mlir::registerPass([] { return createLowerGpuReductions(); });
  mlir::registerPass(createLowerMathToIntrinsics);
  mlir::registerPass(createNameKernels);
  mlir::registerPass(createNameOperations);
  mlir::registerPass([] { return createNarrowElements(); });
  mlir::registerPass(createOrderLoops);
  mlir::registerPass(createPackPanels);
  mlir::registerPass([] { return createPreferKernels(); });
  mlir::registerPass(createPrefetchPanels);
  mlir::registerPass([] { return createPreferVectorWidth(); });
  mlir::registerPass(createProtectArguments);
  mlir::registerPass([] { return createQuantizeMatrices(); });
  mlir::registerPass([] { return createReuseBuffers(); });
  mlir::registerPass([] { return createRoundOperands(); });
  mlir::registerPass([] { return createRunSchedule(); });
  mlir::registerPass(createSeparateFills);
  mlir::registerPass([] { return createSetConstants(); });
  mlir::registerPass([] { return createSetSubgroupSize(); });
  mlir::registerPass(createTieEmbeddings);
  mlir::registerPass(createTileAndFuse);
  mlir::registerPass(createUnrollMarkedLoops);
  mlir::registerPass(createWriteInPlace);
}

} // namespace

void registerPasses() {
  // A pass that is registered, and thus made, may ask for the others again.
  static std::recursive_mutex one;
  static bool done = false;
  std::lock_guard lock(one);
  if (!std::exchange(done, true))
    registerThem();
}

} // namespace gpt2
