//===- build_test.cpp - What is compiled, beside what a chapter is ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "chapter/conformance/chapter_test.h"
#include "compiler/pipeline/pipeline_text.h"
#include "support/files.h"

#include <gmock/gmock.h>

using namespace gpt2;
using namespace gpt2::testing;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;
using ::testing::UnorderedElementsAreArray;

namespace {

TEST(Builds, AreOfWhatTheChapterHasAndTheModelIs) {
  Config config = makeConfig(2, 3, 96, 20, 53);
  Build build(tested().chapter, config, {{"T", 7}});
  EXPECT_EQ(build.sources(), tested().chapter.sources);
  EXPECT_EQ(build.formats, Formats());
  EXPECT_EQ(build.sizes.at("C"), 96);
  EXPECT_EQ(build.sizes.at("T"), 7);
  // Nothing of one model is left in what is built for another.
  config.isTied = false;
  build = build.forModel(config);
  EXPECT_FALSE(build.model.isTied);
  EXPECT_EQ(build.sizes, sizesOf(config));
  build = build.forSizes({{"C", 5}});
  EXPECT_EQ(build.model, Config());
  EXPECT_EQ(build.sizes, (Sizes{{"C", 5}}));
}

TEST(Builds, HaveTheActivationsKernelOrTheUsers) {
  Config config;
  config.activation = Activation::Relu;
  Build build(tested().chapter, config);
  auto named = [&](const std::string &name) {
    for (const std::filesystem::path &source : build.sources())
      if (source.filename() == name)
        return source;
    return std::filesystem::path();
  };
  EXPECT_EQ(named("relu.mlir").parent_path().filename(), "activations");
  EXPECT_EQ(named("gelu.mlir"), "");
  // A user's @gelu is for any model.
  build.texts = {"/own/gelu.mlir", "/own/of_no_chapter.mlir"};
  EXPECT_EQ(named("gelu.mlir"), "/own/gelu.mlir");
  EXPECT_EQ(named("relu.mlir"), "");
  EXPECT_THAT(build.sources(), Not(Contains("/own/of_no_chapter.mlir")));
  EXPECT_EQ(build.sources().size(), tested().chapter.sources.size());
}

TEST(Builds, HaveTheParentsActivationsBesideAGeluOfTheirOwn) {
  TemporaryDirectory directory;
  writeFile(directory / "gelu.mlir", {"// mine"});
  Chapter own{.name = "own", .title = "Own", .parent = &tested().chapter};
  own.sources = {directory / "gelu.mlir"};
  Chapter child = inherit(own);
  Config config;
  EXPECT_THAT(Build(child, config).sources(),
              Contains(directory / "gelu.mlir"));
  for (Activation activation : {Activation::Gelu, Activation::Relu}) {
    config.activation = activation;
    EXPECT_THAT(
        Build(child, config).sources(),
        UnorderedElementsAreArray(Build(tested().chapter, config).sources()));
  }
}

TEST(Builds, TakeAUsersStagesButForTheFirst) {
  Build build(tested().chapter, Config());
  std::string own = textOf(build.stages().upTo(StageKind::Specialized));
  build.pipeline = stagesOf("== specialized\ncse\n== mine\ncse\n", "a text");
  EXPECT_EQ(textOf(build.stages()), own + "== mine\ncse\n");
}

TEST(Chapters, InheritWhatTheirFoldersLack) {
  auto stages = [](const char *name) {
    return [name](const PipelineOptions &) {
      return Pipeline{Stage::named(name, [](mlir::OpPassManager &) {})};
    };
  };
  Chapter parent{.name = "a", .title = "A", .pipeline = stages("of_a")};
  parent.sources = {"a/linear.mlir", "a/gelu.mlir", "common/gpt2.mlir"};
  parent.kernelEntries = {"entries/linear.mlir"};
  parent.schedules = {"a/schedules/cpu/avx2.mlir"};
  Chapter own{.name = "b", .title = "B", .parent = &parent};
  own.sources = {"b/cpu/gelu.mlir", "b/logits.mlir"};
  Chapter child = inherit(own);
  EXPECT_THAT(child.sources, ElementsAre("b/cpu/gelu.mlir", "b/logits.mlir",
                                         "a/linear.mlir", "common/gpt2.mlir"));
  EXPECT_EQ(child.kernelEntries, parent.kernelEntries);
  EXPECT_EQ(child.schedules, parent.schedules);
  EXPECT_EQ(child.pipeline({}).front().name, "of_a");
  own.schedules = {"b/schedules/cpu/avx2.mlir", "b/schedules/cpu/sve.mlir"};
  EXPECT_EQ(inherit(own).schedules, own.schedules);
  parent.policy = [](const Observations &) { return 7; };
  EXPECT_EQ(inherit(own).policy({}), 7);
  own.pipeline = stages("of_b");
  EXPECT_EQ(inherit(own).pipeline({}).front().name, "of_b");
}

TEST(Builds, HaveKernelsIfTheChapterDoes) {
  Build build(tested().chapter, Config());
  build.formats.weights = ElementType::BF16;
  build.schedule = "a schedule of the user's";
  std::optional<Build> kernels = build.withKernels();
  if (tested().chapter.hasKernels()) {
    EXPECT_EQ(kernels->chapter, &tested().chapter);
    EXPECT_EQ(kernels->schedule, build.schedule);
    return;
  }
  ASSERT_EQ(kernels.has_value(), tested().chapter.onGpu != nullptr);
  if (!kernels)
    return;
  EXPECT_EQ(kernels->chapter, tested().chapter.onGpu);
  EXPECT_EQ(kernels->formats.weights, ElementType::BF16);
  EXPECT_EQ(kernels->schedule, "") << "that was for the CPU";
  EXPECT_EQ(kernels->sizes, build.sizes);
  // As are these stages.
  build.schedule.clear();
  build.pipeline = build.stages();
  EXPECT_FALSE(build.withKernels());
}

} // namespace
