//===- passes.cpp - Names for our passes --------------------------------===//
#include "compiler/passes.h"

namespace gpt2 {

void registerPasses() {
  mlir::registerPass([] { return createSpecializeShapes({}); });
  mlir::registerPass([] { return createCloneEntry(); });
  mlir::registerPass(createContractMultiplyAdd);
  mlir::registerPass(createCopiesToLinalg);
  mlir::registerPass(createDropReturnedArguments);
  mlir::registerPass(createFuseElementwise);
  mlir::registerPass(createFuseEpilogues);
  mlir::registerPass(createLowerGpuLaunches);
  mlir::registerPass([] { return createLowerGpuReductions(); });
  mlir::registerPass(createLowerMathToIntrinsics);
  mlir::registerPass(createNameKernels);
  mlir::registerPass([] { return createNarrowElements(); });
  mlir::registerPass(createOrderLoops);
  mlir::registerPass([] { return createPreferVectorWidth(); });
  mlir::registerPass([] { return createReuseBuffers(); });
  mlir::registerPass(createSeparateFills);
  mlir::registerPass([] { return createSetSubgroupSize(); });
  mlir::registerPass(createTileAndFuse);
  mlir::registerPass(createUnrollMarkedLoops);
  mlir::registerPass(createWriteInPlace);
}

} // namespace gpt2
