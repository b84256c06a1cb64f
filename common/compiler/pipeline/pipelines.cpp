//===- pipelines.cpp - The stages that all chapters share ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/pipeline/pipelines.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/SmallString.h"

using namespace mlir;

namespace gpt2 {
namespace {

/// `number` with as many digits as tell it from every other.
std::string exactTextOf(double number) {
  llvm::SmallString<32> digits;
  llvm::APFloat(number).toString(digits);
  return digits.str().str();
}

/// What is computed may begin with a bias, and must not change it: before
/// anything asks which tensors can be written.
void addProtection(OpPassManager &pm) {
  pm.addNestedPass<func::FuncOp>(createProtectArguments());
}

void addOneShot(OpPassManager &pm) {
  bufferization::OneShotBufferizePassOptions options;
  options.bufferizeFunctionBoundaries = true;
  options.functionBoundaryTypeConversion =
      bufferization::LayoutMapOption::IdentityLayoutMap;
  pm.addPass(bufferization::createOneShotBufferizePass(options));
  // Loops no longer carry buffers; slices of slices become one.
  pm.addPass(createCanonicalizerPass());
  // @forward returns the buffer it was given: the caller has it already.
  pm.addNestedPass<func::FuncOp>(createDropReturnedArguments());
  // The same slice twice.
  pm.addPass(createCSEPass());
}

} // namespace

Stage specializeStage(const PipelineOptions &options) {
  return {StageKind::Specialized,
          [sizes = options.sizes, epsilon = options.model.epsilon,
           isTied = options.model.isTied](OpPassManager &pm) {
            // The model's epsilon, if it is not GPT-2's.
            if (epsilon != Config().epsilon)
              pm.addPass(createSetConstants(
                  {.values = {"epsilon=" + exactTextOf(epsilon)}}));
            // One matrix for tokens and for logits.
            if (isTied)
              pm.addPass(createTieEmbeddings());
            // Kernels and slices into @forward: types do not cross calls.
            pm.addPass(createInlinerPass());
            // Put the model's sizes in the place of every `?` but those of the
            // sequences, of the tokens at hand and of the rows wanted.
            pm.addPass(createSpecializeShapes(
                {.sizes = sizeOptions(sizes), .open = {"S", "T", "N"}}));
            // A reshape's sizes from its operand's, up to the tokens'.
            pm.addPass(memref::createResolveRankedShapeTypeResultDimsPass());
            // The dims and constants that the kernels asked for one by one.
            pm.addPass(createCSEPass());
          }};
}

Stage weightsStage() {
  return {StageKind::Weights, [](OpPassManager &pm) {
            // f32 to bf16, extended where it is read
            pm.addPass(createNarrowElements({.marked = matrixAttr.str()}));
          }};
}

Stage cacheStage() {
  return {StageKind::Cache, [](OpPassManager &pm) {
            // f32 to bf16, rounded where it is written, extended where read
            pm.addPass(createNarrowElements({.marked = cacheAttr.str()}));
          }};
}

void addBufferization(OpPassManager &pm) {
  addProtection(pm);
  // A kernel's empty result that is inserted elsewhere is made there.
  pm.addPass(bufferization::createEmptyTensorEliminationPass());
  addOneShot(pm);
  // The copy of a slice onto itself.
  pm.addPass(createCanonicalizerPass());
}

void addOneShotBufferization(OpPassManager &pm) {
  addProtection(pm);
  addOneShot(pm);
}

Stage bufferizeStage() {
  return {
      StageKind::Bufferized, [](OpPassManager &pm) {
        addBufferization(pm);
        // Temporaries of the layer loop are the same for all layers.
        pm.addNestedPass<func::FuncOp>(
            bufferization::createBufferLoopHoistingPass());
        // Free what was allocated: first with run-time ownership flags, which
        // canonicalisation and simplification find to be constants.
        pm.addPass(bufferization::createOwnershipBasedBufferDeallocationPass());
        pm.addPass(createCanonicalizerPass());
        pm.addPass(bufferization::createBufferDeallocationSimplificationPass());
        pm.addPass(bufferization::createLowerDeallocationsPass());
        pm.addPass(createCanonicalizerPass());
      }};
}

void addGpuLowering(OpPassManager &pm, const GpuTarget &target) {
  pm.addPass(createAlignSharedMemory());
  pm.addPass(createLowerMathToIntrinsics());
  pm.addPass(createLowerGpuReductions({.subgroupSize = target.subgroupSize()}));
  OpPassManager &kernels = pm.nest<gpu::GPUModuleOp>();
  // A block's size where the kernel says it: AMD's conversion would call ROCm's
  // device library for it.
  kernels.addPass(arith::createArithIntRangeOpts());
  kernels.addPass(createSCFToControlFlowPass());
  kernels.addPass(createLowerAffinePass());
  if (target.vendor == GpuVendor::Nvidia) {
    kernels.addPass(createConvertGpuOpsToNVVMOps());
  } else {
    ConvertGpuOpsToROCDLOpsOptions options;
    options.chipset = target.chip;
    options.runtime = gpu::amd::Runtime::HIP;
    kernels.addPass(createConvertGpuOpsToROCDLOps(options));
  }
  kernels.addPass(createCSEPass());
}

Stage llvmDialectStage() {
  return {StageKind::LlvmDialect, [](OpPassManager &pm) {
            // scf.for to blocks and branches
            pm.addPass(createSCFToControlFlowPass());
            // subviews to pointer arithmetic in affine.apply, and that to arith
            pm.addPass(memref::createExpandStridedMetadataPass());
            pm.addPass(createLowerAffinePass());
            // exp, tanh and rsqrt to LLVM's intrinsics; LLVM calls libm for
            // them
            pm.addPass(createConvertMathToLLVMPass());
            // everything else to the LLVM dialect
            pm.addPass(createConvertToLLVMPass());
            // casts and constants that the conversion left behind
            pm.addPass(createCanonicalizerPass());
          }};
}

} // namespace gpt2
