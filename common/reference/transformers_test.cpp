//===- transformers_test.cpp - Models as transformers saves them --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// model/fixtures/models/ has small models, most of them saved by transformers,
// some changed as other tools change them, with the logits that it computes.
//
//===----------------------------------------------------------------------===//
#include "model/checkpoint/checkpoint.h"
#include "reference/reference.h"
#include "support/json_file.h"
#include "support/paths.h"
#include "testing/test_files.h"

#include <gmock/gmock.h>

#include <cmath>

using namespace gpt2;
using ::testing::HasSubstr;

namespace {

const std::filesystem::path models =
    paths::source() / "common/model/fixtures/models";

std::vector<std::string> names() {
  std::vector<std::string> names;
  for (const auto &entry : std::filesystem::directory_iterator(models))
    names.push_back(entry.path().filename());
  return names;
}

class OfTransformers : public ::testing::TestWithParam<std::string> {};

TEST_P(OfTransformers, HasItsLogits) {
  nlohmann::json expected =
      readJsonObject(models / GetParam() / "expected.json");
  auto ids = expected.at("ids").get<std::vector<int32_t>>();
  auto checkpoint = Checkpoint::open(models / GetParam());
  reference::Vector logits =
      reference::forward(checkpoint->load(), ids, std::ssize(ids));
  size_t i = 0;
  // A weight in f64, or one that is scaled as it is loaded, is rounded to f32:
  // by 2^-24 of itself. Sums are of at most 32 terms, in eight stages.
  for (const auto &row : expected.at("logits"))
    for (double logit : row)
      EXPECT_NEAR(logits.at(i++), logit, 1e-5 * (1 + std::abs(logit)));
  EXPECT_EQ(i, logits.size());
}

INSTANTIATE_TEST_SUITE_P(Models, OfTransformers, ::testing::ValuesIn(names()),
                         [](const auto &info) { return info.param; });

TEST(OfTransformers, AreWhatTheirNamesSay) {
  auto config = [](const char *name) {
    return Checkpoint::open(models / name)->config();
  };
  auto note = [](const char *name) {
    auto checkpoint = Checkpoint::open(models / name);
    return checkpoint->notes().empty() ? "" : checkpoint->notes()[0];
  };
  EXPECT_EQ(note("plain"), "");
  EXPECT_TRUE(config("plain").isTied);
  EXPECT_TRUE(config("wrapped").isTied);
  EXPECT_EQ(note("wrapped"), "");
  EXPECT_FALSE(config("untied").isTied);
  EXPECT_EQ(note("untied"), "");
  EXPECT_FALSE(config("silently_untied").isTied);
  EXPECT_THAT(note("silently_untied"), HasSubstr("logits are made with it"));
  EXPECT_EQ(config("numbers").inner(), 20);
  EXPECT_EQ(config("numbers").epsilon, 0.02);
  EXPECT_EQ(config("numbers").activation, Activation::Relu);
  EXPECT_EQ(config("gelu").activation, Activation::Gelu);
  EXPECT_EQ(config("gelu_fast").activation, Activation::GeluTanh);
  EXPECT_TRUE(config("by_layer").scalesByLayer);
  EXPECT_FALSE(config("unscaled").scalesScores);
  EXPECT_EQ(Checkpoint::open(models / "double")->format(), "F64");
  EXPECT_THAT(note("no_biases"), HasSubstr("has no biases; they are zeros"));
  EXPECT_THAT(note("two_heads"),
              HasSubstr("not used: multiple_choice_head.summary.bias, "
                        "multiple_choice_head.summary.weight"));
}

} // namespace
