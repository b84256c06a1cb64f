//===- passes.cpp - Names for our passes --------------------------------===//
#include "compiler/passes.h"

namespace gpt2 {

void registerPasses() {
  mlir::registerPass([] { return createSpecializeShapes({}); });
  mlir::registerPass(createContractMultiplyAdd);
  mlir::registerPass(createDropReturnedArguments);
  mlir::registerPass(createFuseElementwise);
  mlir::registerPass(createLowerGpuLaunches);
  mlir::registerPass([] { return createLowerGpuReductions(); });
  mlir::registerPass(createLowerMathToIntrinsics);
  mlir::registerPass(createOrderLoops);
  mlir::registerPass(createReuseBuffers);
  mlir::registerPass(createSeparateFills);
  mlir::registerPass(createTileAndFuse);
}

} // namespace gpt2
