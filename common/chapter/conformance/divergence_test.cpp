//===- divergence_test.cpp - Planted errors are found where they are ----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "chapter/conformance/chapter_test.h"
#include "chapter/divergence.h"
#include "support/files.h"

#include <gmock/gmock.h>

using namespace gpt2;
using namespace gpt2::testing;
using ::testing::HasSubstr;
using ::testing::StartsWith;

namespace {

class DivergenceTest : public ::testing::Test {
protected:
  Config config = makeConfig(2, 2, 32, 12, 53);
  Weights weights = randomWeights(config);
  std::vector<int32_t> tokens = someTokens(config, 9);
  TemporaryDirectory directory;

  Build own{tested().chapter};

  /// This chapter with each `from` in the file of a kernel replaced by `to`.
  Build with(const std::string &kernel, const std::string &from,
             const std::string &to) {
    Build changed = own;
    for (const std::filesystem::path &source : tested().chapter.sources)
      if (source.filename() == kernel + ".mlir") {
        std::string text = readFile(source);
        size_t at = text.find(from);
        EXPECT_NE(at, std::string::npos) << source;
        for (; at != std::string::npos; at = text.find(from, at + to.size()))
          text.replace(at, from.size(), to);
        changed.texts.push_back(directory / source.filename());
        writeFile(changed.texts.back(), {text});
      }
    return changed;
  }
};

TEST_F(DivergenceTest, ThereIsNone) {
  EXPECT_FALSE(firstDivergence({&own, &weights}, {nullptr, &weights}, tokens));
  if (tested().chapter.parent) {
    Build parent(*tested().chapter.parent);
    EXPECT_FALSE(
        firstDivergence({&own, &weights}, {&parent, &weights}, tokens));
  }
}

TEST_F(DivergenceTest, InAKernelOfEveryLayer) {
  Build changed = with("gelu", "0.044715", "0.44715");
  auto found =
      firstDivergence({&changed, &weights}, {nullptr, &weights}, tokens);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->layer, 0);
  EXPECT_EQ(found->kernel, "gelu");
  auto skeleton = std::find_if(
      tested().chapter.sources.begin(), tested().chapter.sources.end(),
      [](const auto &source) { return source.filename() == "gpt2.mlir"; });
  ASSERT_NE(skeleton, tested().chapter.sources.end());
  EXPECT_THAT(found->describe(),
              StartsWith("layer 0, @gelu, called at " +
                         skeleton->parent_path().filename().string() +
                         "/gpt2.mlir:"));
  EXPECT_THAT(found->describe(), HasSubstr("tolerance"));
}

TEST_F(DivergenceTest, InTheLogits) {
  Build changed = with("logits", "0.0 : f32", "0.25 : f32");
  auto found =
      firstDivergence({&changed, &weights}, {nullptr, &weights}, tokens);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->kernel, "logits");
  EXPECT_FALSE(found->layer);
}

TEST_F(DivergenceTest, InOneLayerOnly) {
  Weights bad = randomWeights(config);
  // A weight of the second layer's projection to the output, changed.
  std::span<float> stack = bad.tensor("attn.c_proj.weight");
  stack[stack.size() / 2 + 77] += 1;
  auto found = firstDivergence({&own, &bad}, {nullptr, &weights}, tokens);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->layer, 1);
  EXPECT_EQ(found->kernel, "linear");
  // Weight 77 of a matrix with 32 columns is in column 13.
  EXPECT_EQ(found->index[1], 77 % 32);
}

TEST_F(DivergenceTest, NotANumber) {
  Weights bad = randomWeights(config);
  bad.tensor("ln_f.bias")[5] = NAN;
  auto found = firstDivergence({&own, &bad}, {nullptr, &weights}, tokens);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->kernel, "layernorm");
  EXPECT_FALSE(found->layer);
  EXPECT_EQ(found->index[1], 5);
}

} // namespace
