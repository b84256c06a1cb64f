//===- passes.cpp - Names for our passes --------------------------------===//
#include "compiler/passes.h"

namespace gpt2 {

void registerPasses() {
  mlir::registerPass([] { return createSpecializeShapes({}); });
  mlir::registerPass(createDropReturnedArguments);
}

} // namespace gpt2
