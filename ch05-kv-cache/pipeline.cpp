//===- pipeline.cpp - Chapter 5: compute each token once ----------------===//
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
std::vector<Stage> stages(const Setting &setting);
}
namespace ch04_gpu_parallel {
std::vector<Stage> stages(const Setting &setting);
}

namespace ch05_kv_cache {
namespace {

using AddPasses = std::function<void(OpPassManager &)>;

/// `first` and then `second`, in the stage `name`; one of them is what it has.
void extend(std::vector<Stage> &stages, llvm::StringRef name, AddPasses first,
            AddPasses second) {
  auto stage = llvm::find_if(
      stages, [&](const Stage &stage) { return stage.name == name; });
  (first ? second : first) = stage->addPasses;
  stage->addPasses = [first, second](OpPassManager &pm) {
    first(pm);
    second(pm);
  };
}

void prepend(std::vector<Stage> &stages, llvm::StringRef name, AddPasses add) {
  extend(stages, name, std::move(add), nullptr);
}

void append(std::vector<Stage> &stages, llvm::StringRef name, AddPasses add) {
  extend(stages, name, nullptr, std::move(add));
}

/// What both kinds of programs need, added to `stages`.
std::vector<Stage> withCache(std::vector<Stage> stages,
                             const Setting &setting) {
  if (setting.isModel)
    prepend(stages, "specialized", [](OpPassManager &pm) {
      // @prefill for one token: @decode, with kernels for one row if there are
      // any
      pm.addPass(createCloneEntry("prefill", "decode", {{"T", 1}, {"N", 1}},
                                  "_of_one"));
    });
  if (setting.cache == ElementType::BF16)
    stages.insert(stages.begin() + 1, cacheStage());
  return stages;
}

} // namespace

std::vector<Stage> stages(const Setting &setting) {
  std::vector<Stage> stages = withCache(ch03_fusion::stages(setting), setting);
  if (setting.weights == ElementType::BF16)
    stages.insert(stages.begin() + 1, weightsStage());
  prepend(stages, "loops", [](OpPassManager &pm) {
    // a new key's way into the cache: a loop
    pm.addPass(createCopiesToLinalg());
    // tokens' ways one after another
    pm.addNestedPass<func::FuncOp>(createForallToForLoopPass());
  });
  append(stages, "llvm-dialect", [](OpPassManager &pm) {
    // @decode waits for memory: half of AVX-512's width gets more of it
    pm.addPass(createPreferVectorWidth("decode", 256));
  });
  return stages;
}

namespace gpu {

std::vector<Stage> stages(const Setting &setting) {
  return withCache(ch04_gpu_parallel::stages(setting), setting);
}

} // namespace gpu
} // namespace ch05_kv_cache
} // namespace gpt2
