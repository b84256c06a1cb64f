//===- pipeline.cpp - Chapter 3: compute a tile from start to end -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The kernels are chapter 2's, to the letter. What is new is when their parts
// run, and where what they hand on is kept.
//
//===----------------------------------------------------------------------===//
#include "compiler/pipeline/pipelines.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/SCF/Transforms/Passes.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

namespace gpt2::ch03_fusion {

Pipeline stages(const PipelineOptions &options) {
  return {
      specializeStage(options), // `?` to numbers, calls to linalg operations
      {StageKind::Fused,
       [](OpPassManager &pm) {
         // named operations to linalg.generic, whose bodies can be merged
         pm.addPass(createLinalgGeneralizeNamedOpsPass());
         // scale and mask of attention's scores: one body
         pm.addPass(createFuseElementwise());
         // results in tiles, with all that a tile needs
         pm.addNestedPass<func::FuncOp>(createTileAndFuse());
         // slices of slices; a producer drawn in for each of two users: once
         pm.addPass(createCanonicalizerPass());
         pm.addPass(createCSEPass());
         // the loops within tiles: innermost along rows
         pm.addPass(createOrderLoops());
         // a product and the sum it goes into: one instruction
         pm.addPass(createContractMultiplyAdd());
         // sums that start at zero: each in a place of its own
         pm.addPass(createSeparateFills());
       }},
      {StageKind::Bufferized,
       [](OpPassManager &pm) {
         addBufferization(pm);
         // temporaries into memory that is there before the program runs
         pm.addPass(createReuseBuffers());
       }},
      {StageKind::Loops,
       [](OpPassManager &pm) {
         // each operation to one nest of scf.for, in its iterators' order
         pm.addPass(createConvertLinalgToLoopsPass());
         // addresses and sizes that a loop does not change: before it
         pm.addPass(createLoopInvariantCodeMotionPass());
       }},
      llvmDialectStage(), // loops to branches
  };
}

} // namespace gpt2::ch03_fusion
