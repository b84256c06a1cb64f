//===- stages_test.cpp - A pipeline, changed by checked operations ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/pipeline/pipeline_text.h"
#include "compiler/pipeline/stages.h"
#include "testing/messages.h"

#include "mlir/Transforms/Passes.h"

#include <gmock/gmock.h>

using namespace gpt2;
using gpt2::testing::messageOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

namespace {

void addCse(mlir::OpPassManager &pm) { pm.addPass(mlir::createCSEPass()); }
void addDce(mlir::OpPassManager &pm) {
  pm.addPass(mlir::createSymbolDCEPass());
}
std::vector<std::string> namesOf(std::span<const Stage> stages) {
  std::vector<std::string> names;
  for (const Stage &stage : stages)
    names.push_back(stage.name);
  return names;
}

class PipelineOfStages : public ::testing::Test {
protected:
  Pipeline stages = {{StageKind::Specialized, addCse},
                     {StageKind::Bufferized, addCse},
                     {StageKind::LlvmDialect, addCse}};
};

TEST_F(PipelineOfStages, IsChangedWhereAStageIs) {
  stages.insertAfter(StageKind::Specialized, {StageKind::Weights, addCse});
  stages.insertBefore(StageKind::LlvmDialect, {StageKind::Loops, addCse});
  stages.append({Stage::named("mine", addCse), Stage::named("too", addCse)});
  EXPECT_THAT(namesOf(stages),
              ElementsAre("specialized", "weights", "bufferized", "loops",
                          "llvm-dialect", "mine", "too"));
  stages.erase(StageKind::Weights);
  EXPECT_FALSE(stages.contains(StageKind::Weights));
  stages.insertBefore(StageKind::Specialized, {StageKind::Cache, addCse});
  EXPECT_EQ(stages.front().kind, StageKind::Cache);
  stages.eraseFrom(StageKind::Loops);
  EXPECT_THAT(namesOf(stages),
              ElementsAre("cache", "specialized", "bufferized"));
  stages.replace(StageKind::Bufferized, {StageKind::Packed, addDce});
  EXPECT_EQ(textOf(stages),
            "== cache\ncse\n== specialized\ncse\n== packed\nsymbol-dce\n");
}

TEST_F(PipelineOfStages, TakesPassesAroundThoseOfAStage) {
  stages.prependPasses(StageKind::Bufferized, addDce);
  stages.appendPasses(StageKind::Bufferized, addDce);
  EXPECT_EQ(
      textOf(stages),
      "== specialized\ncse\n== bufferized\nsymbol-dce,\ncse,\nsymbol-dce\n"
      "== llvm-dialect\ncse\n");
}

TEST_F(PipelineOfStages, IsTakenUpToAStage) {
  EXPECT_THAT(namesOf(stages.upTo(StageKind::Bufferized)),
              ElementsAre("specialized", "bufferized"));
  EXPECT_THAT(namesOf(stages.upTo("specialized")), ElementsAre("specialized"));
}

// The place in the code says which chapter has the error: its folder.
TEST_F(PipelineOfStages, NamesAStageThatIsNotThere) {
  const Stage some(StageKind::Loops, addCse);
  const std::function<void()> changes[] = {
      [&] { stages.insertBefore(StageKind::Launches, some); },
      [&] { stages.insertAfter(StageKind::Launches, some); },
      [&] { stages.replace(StageKind::Launches, some); },
      [&] { stages.erase(StageKind::Launches); },
      [&] { stages.eraseFrom(StageKind::Launches); },
      [&] { stages.prependPasses(StageKind::Launches, addCse); },
      [&] { stages.appendPasses(StageKind::Launches, addCse); },
      [&] { (void)stages.upTo(StageKind::Launches); },
      [&] { (void)stages.upTo("launches"); },
  };
  for (const auto &change : changes) {
    std::string message = messageOf(change);
    EXPECT_THAT(message, StartsWith("pipeline/stages_test.cpp:"));
    EXPECT_THAT(message,
                HasSubstr(": the pipeline has no stage 'launches'; it has: "
                          "specialized bufferized llvm-dialect"));
    EXPECT_EQ(stages.size(), 3u);
  }
  EXPECT_THAT(messageOf([] { Pipeline().erase(StageKind::Loops); }),
              HasSubstr("no stage 'loops'; it has none"));
}

TEST(Stages, HaveOneNameEach) {
  for (int i = 0; i <= static_cast<int>(StageKind::LlvmDialect); ++i) {
    auto kind = static_cast<StageKind>(i);
    EXPECT_EQ(stageKindOf(nameOf(kind)), kind);
  }
  EXPECT_EQ(nameOf(StageKind::LlvmDialect), "llvm-dialect");
  EXPECT_EQ(assemblyOf(StageKind::Nvvm), "ptx");
  EXPECT_EQ(assemblyOf(StageKind::Rocdl), "amdgcn");
  EXPECT_EQ(assemblyOf(StageKind::Gpu), "");
  EXPECT_EQ(stageKindOf("mine"), std::nullopt);
}

// Names of a user's, as --pipeline has them.
TEST(Stages, OfATextMayHaveAnyName) {
  Pipeline stages = stagesOf("== mine\ncse\n== nvvm\ncse\n", "text");
  EXPECT_THAT(namesOf(stages), ElementsAre("mine", "nvvm"));
  EXPECT_EQ(stages.front().kind, std::nullopt);
  EXPECT_TRUE(stages.contains(StageKind::Nvvm));
}

} // namespace
