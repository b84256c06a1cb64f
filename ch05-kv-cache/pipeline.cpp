//===- pipeline.cpp - Chapter 5: compute each token once ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What is new is in the text: tokens that know their places, and a cache. The
// stages are those of the chapter before, with what the cache needs.
//
//===----------------------------------------------------------------------===//
#include "compiler/pipeline/pipelines.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/Transforms/Passes.h"

using namespace mlir;

namespace gpt2 {
namespace ch03_fusion {
Pipeline stages(const PipelineOptions &options);
}
namespace ch04_gpu_parallel {
Pipeline stages(const PipelineOptions &options);
}

namespace ch05_kv_cache {
namespace {

/// What both kinds of programs need, added to `stages`.
Pipeline withCache(Pipeline stages, const PipelineOptions &options) {
  if (options.isModel)
    stages.prependPasses(StageKind::Specialized, [](OpPassManager &pm) {
      // @prefill for one token: @decode, with kernels for one row if there are
      // any
      pm.addPass(createCloneEntry({.from = "prefill",
                                   .to = "decode",
                                   .sizes = {"N=1", "T=1"},
                                   .suffix = "_decode"}));
    });
  if (options.formats.cache == ElementType::BF16)
    stages.insertAfter(StageKind::Specialized, cacheStage());
  return stages;
}

} // namespace

Pipeline stages(const PipelineOptions &options) {
  Pipeline stages = withCache(ch03_fusion::stages(options), options);
  if (options.formats.weights == ElementType::BF16)
    stages.insertAfter(StageKind::Specialized, weightsStage());
  stages.prependPasses(StageKind::Loops, [](OpPassManager &pm) {
    // a new key's way into the cache: a loop
    pm.addPass(createCopiesToLinalg());
    // tokens' ways one after another
    pm.addNestedPass<func::FuncOp>(createForallToForLoopPass());
  });
  stages.appendPasses(StageKind::LlvmDialect, [](OpPassManager &pm) {
    // @decode waits for memory: half of AVX-512's width gets more of it
    pm.addPass(createPreferVectorWidth({.function = "decode", .bits = 256}));
  });
  return stages;
}

namespace gpu {

Pipeline stages(const PipelineOptions &options) {
  return withCache(ch04_gpu_parallel::stages(options), options);
}

} // namespace gpu
} // namespace ch05_kv_cache
} // namespace gpt2
