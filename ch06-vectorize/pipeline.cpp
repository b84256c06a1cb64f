//===- pipeline.cpp - Chapter 6: a schedule at the machine's limit ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What is computed is what the chapter before computes. How, which tiles in
// which order, in what registers, by how many threads, is said by a text in the
// transform dialect, schedules/, which the passes below carry out.
//
//===----------------------------------------------------------------------===//
#include "compiler/pipeline/pipelines.h"
#include "compiler/schedule/schedule.h"
#include "support/error.h"

#include "mlir/Conversion/AffineToStandard/AffineToStandard.h"
#include "mlir/Conversion/ConvertToLLVM/ToLLVMPass.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/NVGPUToNVVM/NVGPUToNVVM.h"
#include "mlir/Conversion/OpenMPToLLVM/ConvertOpenMPToLLVM.h"
#include "mlir/Conversion/ReconcileUnrealizedCasts/ReconcileUnrealizedCasts.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Conversion/SCFToOpenMP/SCFToOpenMP.h"
#include "mlir/Conversion/VectorToLLVM/ConvertVectorToLLVMPass.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Dialect/SCF/Transforms/Passes.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

namespace gpt2 {
namespace ch05_kv_cache {
Pipeline stages(const PipelineOptions &options);
namespace gpu {
Pipeline stages(const PipelineOptions &options);
}
} // namespace ch05_kv_cache

namespace ch06_vectorize {
namespace {

/// The pass that applies the schedule's `sequence`.
std::unique_ptr<Pass>
applySequence(const std::vector<std::filesystem::path> &files,
              llvm::StringRef sequence,
              const std::map<std::string, int64_t> &numbers = {}) {
  RunScheduleOptions options;
  for (const std::filesystem::path &file : files)
    options.files.push_back(file.string());
  options.sequence = sequence.str();
  for (const auto &[name, number] : numbers)
    options.numbers.push_back(name + "=" + std::to_string(number));
  return createRunSchedule(std::move(options));
}

/// Rows of a tile.
int64_t rowsOf(const PipelineOptions &options) {
  auto own = options.numbers.find("rows");
  return own != options.numbers.end()
             ? own->second
             : numberIn(options.schedule.front(), "rows");
}

/// Weights in fewer bits and, for instructions that add several products, the
/// factors that they meet.
Stage narrowStage(const PipelineOptions &options) {
  return {StageKind::Weights,
          [isQuantized = options.formats.weights == ElementType::I8,
           depth = options.vnniFactor](OpPassManager &pm) {
            if (isQuantized) {
              pm.addPass(createQuantizeMatrices({.depth = depth}));
              return;
            }
            pm.addPass(createNarrowElements());
            if (depth > 1)
              pm.addPass(createRoundOperands({.depth = depth}));
          }};
}

Stage scheduleStage(const PipelineOptions &options) {
  return {StageKind::Scheduled,
          [files = options.schedule, numbers = options.numbers,
           rows = rowsOf(options)](OpPassManager &pm) {
            // Tokens in blocks of as many rows as a tile has: no remainders.
            pm.addNestedPass<func::FuncOp>(createBlockRows({.rows = rows}));
            // A product and the sum it goes into: one instruction.
            pm.addPass(createContractMultiplyAdd());
            // How many blocks there are, from the number of tokens.
            pm.addPass(createCanonicalizerPass());
            pm.addPass(memref::createResolveRankedShapeTypeResultDimsPass());
            pm.addPass(createCSEPass());
            // Loops around tiles, tiles as vectors.
            pm.addPass(applySequence(files, "tensors", numbers));
            // Indices and slices that tiling made.
            pm.addPass(createCanonicalizerPass());
            pm.addPass(createCSEPass());
          }};
}

Stage packStage(const PipelineOptions &options) {
  return {StageKind::Packed, [depth = options.vnniFactor,
                              lanes = options.dotLanes](OpPassManager &pm) {
            // Weights in the order in which tiles read them.
            pm.addPass(createPackPanels());
            // Several products by one instruction.
            if (depth > 1)
              pm.addPass(createDotProducts({.lanes = lanes}));
            // tanh and exp of a whole vector.
            pm.addPass(createApproximateMath());
            // Sums that start at zero: each in a place of its own.
            pm.addPass(createSeparateFills());
          }};
}

Stage bufferStage() {
  return {StageKind::Bufferized, [](OpPassManager &pm) {
            addBufferization(pm);
            // Temporaries into memory that is there before the program runs,
            // those of threads on their stacks.
            pm.addPass(createReuseBuffers());
          }};
}

Stage vectorStage(const PipelineOptions &options) {
  return {StageKind::Vectors, [files = options.schedule](OpPassManager &pm) {
            // Tiles to rows, rows to vectors that LLVM knows.
            pm.addPass(applySequence(files, "vectors"));
            // Rows of a tile that are read twice.
            pm.addPass(createCSEPass());
          }};
}

Stage loopStage() {
  return {StageKind::Loops, [](OpPassManager &pm) {
            // A new key's way into the cache: a loop.
            pm.addPass(createCopiesToLinalg());
            // Parts that threads divide.
            pm.addNestedPass<func::FuncOp>(createForallToParallelLoopPass());
            // What is not in vectors: to one nest of scf.for each.
            pm.addPass(createConvertLinalgToLoopsPass());
            // Addresses and sizes that a loop does not change: before it.
            pm.addPass(createLoopInvariantCodeMotionPass());
            // Weights that come from memory while others are multiplied.
            pm.addNestedPass<func::FuncOp>(createPrefetchPanels());
          }};
}

/// As the chapter before's, with vectors and threads.
Stage llvmStage() {
  return {StageKind::LlvmDialect, [](OpPassManager &pm) {
            // Parallel loops to OpenMP's, and their stack memory out of them.
            pm.addPass(createConvertSCFToOpenMPPass());
            pm.addPass(createAllocatePerThread());
            pm.addPass(createSCFToControlFlowPass());
            pm.addPass(memref::createExpandStridedMetadataPass());
            pm.addPass(createLowerAffinePass());
            // Sums within a vector may be taken in any order.
            ConvertVectorToLLVMPassOptions vectors;
            vectors.reassociateFPReductions = true;
            pm.addPass(createConvertVectorToLLVMPass(vectors));
            pm.addPass(createConvertMathToLLVMPass());
            pm.addPass(createConvertOpenMPToLLVMPass());
            pm.addPass(createConvertToLLVMPass());
            pm.addPass(createReconcileUnrealizedCastsPass());
            pm.addPass(createCanonicalizerPass());
          }};
}

} // namespace

Pipeline stages(const PipelineOptions &options) {
  Pipeline stages = ch05_kv_cache::stages(options);
  // From there on it is the schedule's.
  stages.eraseFrom(StageKind::Fused);
  stages.prependPasses(StageKind::Specialized, [](OpPassManager &pm) {
    // Each operation remembers which kernel it is of: names for the schedule.
    pm.addNestedPass<func::FuncOp>(createNameOperations());
  });
  if (options.formats.weights == ElementType::BF16)
    stages.erase(StageKind::Weights);
  if (options.formats.weights != ElementType::F32)
    stages.append({narrowStage(options)});
  stages.append({scheduleStage(options), packStage(options), bufferStage(),
                 vectorStage(options), loopStage(), llvmStage()});
  return stages;
}

namespace gpu {
namespace {

/// Whether products are by the chip's matrix units, for which there is a
/// schedule then: its tiles are of 16 x 16.
bool usesMatrixUnits(const PipelineOptions &options) {
  auto isTiled = [&](const char *letter, int64_t most) {
    auto found = options.sizes.find(letter);
    return found != options.sizes.end() && found->second % 16 == 0 &&
           found->second <= most;
  };
  bool uses = options.formats.weights == ElementType::BF16 &&
              !options.schedule.empty() && isTiled("C", INT64_MAX) &&
              isTiled("D", 64);
  if (options.mustSchedule && !uses)
    fail(options.schedule.front().string(),
         ": schedules what matrix units compute: with --weights=bf16, and of a "
         "model whose channels are a multiple of 16, those of a head at most "
         "64");
  return uses;
}

/// What a block computes is divided: among subgroups, then into tiles.
Stage blockStage(const PipelineOptions &options) {
  return {StageKind::Scheduled, [files = options.schedule](OpPassManager &pm) {
            // A layer's weights are a view of all layers': what reads 16 bytes
            // of one says so of the other, too. The schedule folds views
            // without that.
            pm.addNestedPass<func::FuncOp>(createFoldVectorAccesses());
            pm.addPass(applySequence(files, "launches"));
          }};
}

} // namespace

Pipeline stages(const PipelineOptions &options) {
  Pipeline stages = ch05_kv_cache::gpu::stages(options);
  bool hasUnits = usesMatrixUnits(options);
  if (hasUnits)
    stages.prependPasses(StageKind::Specialized, [](OpPassManager &pm) {
      // Kernels for matrix units and for 16 bytes at a time.
      pm.addPass(createPreferKernels({.suffix = "_in_bf16"}));
    });
  stages.appendPasses(StageKind::Specialized, [](OpPassManager &pm) {
    // Those that nothing calls.
    pm.addPass(createSymbolDCEPass());
  });
  if (!hasUnits)
    return stages;
  stages.insertBefore(StageKind::Launches, blockStage(options));
  bool isNvidia = options.target.gpu.vendor == GpuVendor::Nvidia;
  stages.appendPasses(StageKind::Gpu, [chip = options.target.gpu.chip,
                                       isNvidia](OpPassManager &pm) {
    // A subgroup's tiles to its lanes, products to the chip's instruction.
    OpPassManager &kernels = pm.nest<mlir::gpu::GPUModuleOp>();
    kernels.addPass(createDistributeTiles({.chip = chip}));
    // ldmatrix, of NVIDIA's.
    if (isNvidia)
      kernels.addPass(createConvertNVGPUToNVVMPass());
  });
  if (isNvidia)
    stages.appendPasses(StageKind::Nvvm, [](OpPassManager &pm) {
      // Of addresses, which two passes took to LLVM's types.
      pm.addNestedPass<mlir::gpu::GPUModuleOp>(
          createReconcileUnrealizedCastsPass());
    });
  return stages;
}

} // namespace gpu
} // namespace ch06_vectorize
} // namespace gpt2
