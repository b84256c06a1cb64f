//===- pipeline.cpp - Chapter 4: kernels for a GPU ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The host's part of the program only launches kernels; all arithmetic is in
// them. Some are written by hand, block by block and thread by thread; the
// elementwise ones are still linalg, and their loops are given to blocks and
// threads here.
//
//===----------------------------------------------------------------------===//
#include "compiler/codegen/gpu_codegen.h"
#include "compiler/pipeline/pipelines.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/Transforms/Passes.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Dialect/SCF/Transforms/Passes.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

namespace gpt2::ch04_gpu_parallel {
namespace {

/// A row's channels, 64 to a block, a wavefront or two warps, each in a thread:
/// neighbouring threads use neighbouring addresses.
constexpr int64_t blockShape[] = {1, 64};

} // namespace

Pipeline stages(const PipelineOptions &options) {
  Pipeline stages = {
      // `?` to numbers, calls to kernels' bodies
      specializeStage(options),
      {StageKind::Bufferized,
       [](OpPassManager &pm) {
         addOneShotBufferization(pm);
         // gelu and residual: by the thread that made what they read
         pm.addNestedPass<func::FuncOp>(createFuseEpilogues());
         // logits, where the caller wants them
         pm.addNestedPass<func::FuncOp>(createWriteInPlace());
         // temporaries into one block of the device's memory
         pm.addPass(createReuseBuffers({.arena = true}));
       }},
      {StageKind::Launches,
       [gpu = options.target.gpu](OpPassManager &pm) {
         // what is still linalg: to scf.parallel
         pm.addPass(createConvertLinalgToParallelLoopsPass());
         // of which blocks are tiles,
         pm.addNestedPass<func::FuncOp>(
             createParallelLoopTilingPass(blockShape, /*noMinMaxBounds=*/true));
         // the innermost loop x
         GpuMapParallelLoopsPassOptions mapping;
         mapping.mappingPolicyStr = "innermost-first";
         pm.addNestedPass<func::FuncOp>(createGpuMapParallelLoopsPass(mapping));
         pm.addPass(createConvertParallelLoopToGpuPass());
         // loops over registers
         pm.addPass(createUnrollMarkedLoops());
         // 32 or 64 lanes
         pm.addPass(createSetSubgroupSize({.lanes = gpu.subgroupSize()}));
         pm.addPass(createCanonicalizerPass());
         pm.addPass(createCSEPass());
       }},
      {StageKind::Gpu,
       [](OpPassManager &pm) {
         // constants into kernels, which would else be handed them
         pm.addPass(createGpuLaunchSinkIndexComputationsPass());
         // bodies of launches: functions of @kernels
         pm.addPass(createNameKernels());
         pm.addPass(createGpuKernelOutliningPass());
       }},
      {options.target.gpu.vendor == GpuVendor::Nvidia ? StageKind::Nvvm
                                                      : StageKind::Rocdl,
       [gpu = options.target.gpu](OpPassManager &pm) {
         addGpuLowering(pm, gpu);
       }},
      {StageKind::LlvmDialect,
       [](OpPassManager &pm) {
         // the layer loop to blocks and branches
         pm.addPass(createSCFToControlFlowPass());
         // weights' slices to addresses
         pm.addPass(memref::createExpandStridedMetadataPass());
         pm.addPass(createLowerAffinePass());
         // how many blocks: rounded up
         pm.addPass(arith::createArithExpandOpsPass());
         // functions, memrefs and launches to the LLVM dialect
         pm.addPass(createGpuToLLVMConversionPass());
         pm.addPass(createLowerGpuLaunches());
       }},
  };
  if (options.formats.weights == ElementType::BF16)
    stages.insertAfter(StageKind::Specialized, weightsStage());
  return stages;
}

} // namespace gpt2::ch04_gpu_parallel
