//===- idle_passes_test.cpp - No pass of a pipeline is idle -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "chapter/conformance/chapter_test.h"
#include "compiler/inspect/pass_trace.h"
#include "model/checkpoint/checkpoint.h"
#include "support/paths.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Transforms/Passes.h"

#include <gmock/gmock.h>

using namespace gpt2;
using gpt2::testing::tested;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

namespace {

/// "stage: pass" for each pass that leaves the embedded model as it was.
std::vector<std::string> idlePasses(std::initializer_list<Stage> extra) {
  CompileRequest request = compileRequest(
      {tested().chapter, Checkpoint::open(paths::embeddedModel())->config()});
  request.stages.append(extra);
  std::vector<std::string> idle;
  for (const PassRun &run : tracePasses(request))
    if (run.isIdle())
      idle.push_back(run.stage + ": " + run.pass);
  return idle;
}

TEST(IdlePasses, ThereAreNone) { EXPECT_THAT(idlePasses({}), IsEmpty()); }

TEST(IdlePasses, OneIsNoticed) {
  // All functions are needed, and at the end none is func.func any more.
  Stage idle = Stage::named("too much", [](mlir::OpPassManager &pm) {
    pm.addPass(mlir::createSymbolDCEPass());
    pm.addNestedPass<mlir::func::FuncOp>(mlir::createCSEPass());
  });
  EXPECT_THAT(idlePasses({idle}),
              ElementsAre("too much: symbol-dce", "too much: cse"));
}

} // namespace
