//===- pipeline.cpp - Chapter 2: the compiler writes the loops ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The kernels say what is computed on which axes. Which loop is innermost is
// decided here, for all of them, by one rule.
//
//===----------------------------------------------------------------------===//
#include "compiler/pipeline/pipelines.h"

#include "mlir/Dialect/Linalg/Passes.h"

using namespace mlir;

namespace gpt2::ch02_linalg {

Pipeline stages(const PipelineOptions &options) {
  return {
      specializeStage(options), // `?` to numbers, calls to linalg operations
      {StageKind::Ordered,
       [](OpPassManager &pm) {
         // matmul, reduce, transpose, ... to linalg.generic, whose maps and
         // iterators can be permuted
         pm.addPass(createLinalgGeneralizeNamedOpsPass());
         // the innermost loop walks along rows wherever there is such a loop
         pm.addPass(createOrderLoops());
         // sums that start at zero: each in a place of its own
         pm.addPass(createSeparateFills());
       }},
      bufferizeStage(), // results into the buffers that `outs` names
      {StageKind::Loops,
       [](OpPassManager &pm) {
         // each operation to one nest of scf.for, in its iterators' order
         pm.addPass(createConvertLinalgToLoopsPass());
       }},
      llvmDialectStage(), // loops to branches
  };
}

} // namespace gpt2::ch02_linalg
