//===- formats_test.cpp - Weights in bf16 and in eight bits -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "chapter/conformance/chapter_test.h"
#include "compiler/schedule/schedule.h"
#include "model/checkpoint/checkpoint.h"
#include "model/generate.h"
#include "run/loss.h"
#include "run/sequence.h"
#include "support/files.h"
#include "support/paths.h"

#include <gmock/gmock.h>

#include <cstring>
#include <random>

using namespace gpt2;
using namespace gpt2::testing;

namespace {

struct Format {
  const char *schedule;
  ElementType type;
};

std::string nameOfFormat(const ::testing::TestParamInfo<Format> &info) {
  return std::string(info.param.schedule) + "_" +
         std::string(nameOf(info.param.type));
}

Build buildFor(const Format &format) {
  Build build(tested().chapter);
  for (const std::filesystem::path &file : tested().chapter.schedules)
    if (file.stem() == format.schedule)
      build.schedule = file;
  build.formats.weights = format.type;
  return build;
}

Executable programFor(const Format &format, const Config &config) {
  return compiled(buildFor(format).forModel(config));
}

/// Whether its products are by instructions that add several, on this CPU.
bool hasDots(const Format &format) {
  return dotProductDepth(buildFor(format).schedule, format.type, {}) > 1;
}

struct FormatsTest : ::testing::TestWithParam<Format> {};

/// Whether the program computes with weights that are rounded, for so many
/// tokens.
void expectRounded(const Format &format, const Config &config,
                   std::initializer_list<int64_t> counts) {
  Executable program = programFor(format, config);
  Weights weights = randomWeights(config), rounded = randomWeights(config);
  roundMatrices(rounded, format.type);
  for (int64_t count : counts) {
    std::vector<int32_t> tokens = someTokens(config, count);
    std::vector<float> logits = logitsOf(program, weights, tokens, count);
    auto expected = reference::forward(rounded, tokens, count);
    Comparison exact = compareLogits(logits, expected, config);
    if (hasDots(format)) {
      // Rows are rounded too, four times in a layer: to 8 bits of a float's, or
      // to multiples of a 127th of their largest element.
      double step = format.type == ElementType::BF16 ? 0x1p-9 : 1.0 / 127;
      double tolerance = 2 * 4 * static_cast<double>(config.layers) * step *
                         largestOf(expected);
      Comparison near = compare(logits, expected, tolerance);
      EXPECT_TRUE(near.within) << count << ": " << near.describe(tolerance);
      EXPECT_FALSE(exact.within) << count << ": rows are not rounded";
    } else {
      EXPECT_TRUE(exact.within) << count << ": " << exact.describe(0);
    }
  }
  // And not because rounding weights makes no difference.
  std::vector<int32_t> tokens = someTokens(config, 20);
  EXPECT_FALSE(compareLogits(logitsOf(program, weights, tokens, 20),
                             reference::forward(weights, tokens, 20), config)
                   .within);
}

TEST_P(FormatsTest, ComputeWithRoundedWeights) {
  // Whole panels; more columns than panels have; several blocks of rows.
  expectRounded(GetParam(), makeConfig(2, 3, 192, 90, 333),
                {1, 2, 7, 8, 9, 33, 64, 90});
}

TEST_P(FormatsTest, TakeAMatrixForLogitsAlone) {
  Config config = makeConfig(1, 2, 64, 20, 70);
  config.isTied = false;
  config.innerChannels = 96;
  expectRounded(GetParam(), config, {1, 20});
}

// What is computed at once, and what token by token, is rounded alike.
TEST_P(FormatsTest, OneByOneAsAtOnce) {
  const Format &format = GetParam();
  Config config = makeConfig(2, 3, 192, 20, 320);
  Executable program = programFor(format, config);
  Weights weights = randomWeights(config);
  std::vector<int32_t> tokens = someTokens(config, 20);
  std::vector<float> all = logitsOf(program, weights, tokens, 20);
  Forward forward(program, weights);
  Sequence sequence(forward);
  std::vector<float> row(static_cast<size_t>(config.vocab));
  double step = format.type == ElementType::BF16 ? 0x1p-9 : 1.0 / 127;
  for (size_t i = 0; i < 20; ++i) {
    sequence.extend(std::span(tokens).subspan(i, 1), row);
    reference::Vector expected(all.begin() + i * row.size(),
                               all.begin() + (i + 1) * row.size());
    // A difference of rounding may become one of a step.
    double tolerance = hasDots(format)
                           ? step * largestOf(expected)
                           : logitsTolerance(config, largestOf(expected));
    Comparison same = compare(row, expected, tolerance);
    EXPECT_TRUE(same.within) << i << ": " << same.describe(tolerance);
  }
}

struct OddSizesTest : ::testing::TestWithParam<Format> {};

// Terms that are no multiple of an instruction's, columns of no panel's.
TEST_P(OddSizesTest, ComputeTheSame) {
  const Format &format = GetParam();
  for (const Config &config :
       {makeConfig(1, 7, 77, 13, 101), makeConfig(1, 1, 2, 9, 5),
        makeConfig(2, 3, 36, 13, 67)}) {
    Executable program = programFor(format, config);
    Weights weights = randomWeights(config), rounded = randomWeights(config);
    roundMatrices(rounded, format.type);
    for (int64_t count : {1, 2, 9}) {
      std::vector<int32_t> tokens = someTokens(config, count);
      auto expected = reference::forward(rounded, tokens, count);
      double tolerance = logitsTolerance(config, largestOf(expected));
      if (hasDots(format))
        tolerance = 8 * static_cast<double>(config.layers) *
                    largestOf(expected) *
                    (format.type == ElementType::BF16 ? 0x1p-9 : 1.0 / 127);
      Comparison near = compare(logitsOf(program, weights, tokens, count),
                                expected, tolerance);
      EXPECT_TRUE(near.within) << config.describe() << ", " << count << ": "
                               << near.describe(tolerance);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, FormatsTest,
                         ::testing::Values(Format{"avx512", ElementType::BF16},
                                           Format{"avx512", ElementType::I8},
                                           Format{"avx2", ElementType::BF16},
                                           Format{"avx2", ElementType::I8},
                                           Format{"portable",
                                                  ElementType::BF16},
                                           Format{"portable", ElementType::I8}),
                         nameOfFormat);
INSTANTIATE_TEST_SUITE_P(All, OddSizesTest,
                         ::testing::Values(Format{"avx512", ElementType::F32},
                                           Format{"avx2", ElementType::F32},
                                           Format{"portable", ElementType::F32},
                                           Format{"avx512", ElementType::BF16},
                                           Format{"avx512", ElementType::I8},
                                           Format{"avx2", ElementType::BF16},
                                           Format{"avx2", ElementType::I8},
                                           Format{"portable",
                                                  ElementType::BF16},
                                           Format{"portable", ElementType::I8}),
                         nameOfFormat);

/// What the embedded model says when it is left alone, in f32.
std::vector<int32_t> ownText(Forward &forward, int64_t count) {
  Sampler sampler({.temperature = 1, .topK = 0, .topP = 1, .seed = 5});
  Sequence sequence(forward);
  NextToken next = sampled(
      forward.config(),
      [&](std::span<const int32_t> tokens, std::span<float> logits) {
        sequence.become(tokens, logits);
      },
      sampler);
  std::vector<int32_t> prompt{*forward.config().beginOfText};
  Config config = forward.config();
  config.endOfText.clear();
  return generate(config, prompt, count, next, [](int32_t) {}).tokens;
}

TEST(Formats, LossIsWhatItWasAndNearTheSame) {
  auto checkpoint = Checkpoint::open(paths::embeddedModel());
  Config config = checkpoint->config();
  Weights weights = checkpoint->load();
  Executable wide = compileFor(config);
  Forward plain(wide, weights);
  std::vector<int32_t> text = ownText(plain, 300);
  Loss f32 = lossOf(plain, nullptr, text);
  EXPECT_GT(f32.mean, 1);
  EXPECT_LT(f32.mean, 6);
  for (auto [type, limit] : {std::pair(ElementType::BF16, 0.001),
                             std::pair(ElementType::I8, 0.01)}) {
    Build build(tested().chapter, config);
    build.formats.weights = type;
    Executable program = compiled(build);
    Forward narrow(program, weights);
    Loss loss = lossOf(narrow, &plain, text);
    EXPECT_EQ(loss.other, f32.mean);
    EXPECT_NEAR(loss.mean, f32.mean, limit * f32.mean) << nameOf(type);
    // The model's own weights are bf16: only rows are rounded, perhaps.
    bool changes = type == ElementType::I8 ||
                   dotProductDepth(build.scheduleFiles().front(), type, {}) > 1;
    EXPECT_EQ(loss.largestDifference > 0, changes) << nameOf(type);
    EXPECT_LE(loss.rootMeanSquare, loss.largestDifference);
  }
}

} // namespace
