//===- forward_test.cpp - The whole model, against the reference --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "chapter/conformance/chapter_test.h"
#include "model/checkpoint/checkpoint.h"
#include "model/generate.h"
#include "model/tokenizer/tokenizer.h"
#include "run/sequence.h"
#include "support/paths.h"

using namespace gpt2;
using namespace gpt2::testing;

namespace {

struct Shape {
  const char *name;
  Config config;
  std::vector<int64_t> lengths; ///< of sequences to try
};
void PrintTo(const Shape &shape, std::ostream *os) { *os << shape.name; }

/// A model that differs from GPT-2 in all that its text can be told.
Config differing(Activation activation) {
  Config config = makeConfig(2, 2, 48, 11, 67);
  config.innerChannels = 80;
  config.activation = activation;
  config.epsilon = 0.03;
  config.isTied = false;
  return config;
}

/// Sizes at which index arithmetic breaks if it can.
const Shape shapes[] = {
    {"OneHeadOfOneChannel", makeConfig(1, 1, 1, 1, 2), {1}},
    {"OneChannel", makeConfig(2, 1, 1, 9, 257), {1, 2, 9}},
    {"HeadDim32", makeConfig(2, 3, 96, 21, 101), {1, 2, 20, 21}},
    {"HeadDim64", makeConfig(2, 2, 128, 33, 257), {1, 2, 33}},
    {"OneHead", makeConfig(3, 1, 40, 7, 61), {1, 2, 7}},
    {"PrimeSizes", makeConfig(1, 7, 77, 13, 1009), {1, 2, 11, 13}},
    {"OfAnotherKind", differing(Activation::Relu), {1, 3, 11}},
    {"OfAThirdKind", differing(Activation::Gelu), {11}},
    {"FullWidthOneLayer", makeConfig(1, 12, 768, 16, 50257), {1, 2, 9}},
};

/// `count` greedy tokens after `prompt`, as the program chooses them.
std::vector<int32_t> greedy(const Config &config,
                            const std::vector<int32_t> &prompt, int64_t count,
                            gpt2::Forward &program) {
  Sequence sequence(program);
  auto next = [&](std::span<const int32_t> tokens, double &) {
    return sequence.becomeAndChoose(tokens);
  };
  return generate(config, prompt, count, next, [](int32_t) {}).tokens;
}

/// The same by the reference.
std::vector<int32_t> referenceGreedy(const Weights &weights,
                                     const std::vector<int32_t> &prompt,
                                     int64_t count) {
  Sampler sampler({.temperature = 0});
  auto logits = [&](std::span<const int32_t> tokens, std::span<float> logits) {
    reference::Vector row = reference::forward(weights, tokens, 1);
    std::copy(row.begin(), row.end(), logits.begin());
  };
  return generate(weights.config(), prompt, count,
                  sampled(weights.config(), logits, sampler), [](int32_t) {})
      .tokens;
}

class Forward : public ::testing::TestWithParam<Shape> {};

TEST_P(Forward, LogitsAtEveryPosition) {
  const auto &[name, config, lengths] = GetParam();
  Weights weights = randomWeights(config);
  Executable program = compileFor(config);
  for (int64_t length : lengths) {
    std::vector<int32_t> tokens = someTokens(config, length);
    reference::Vector expected = reference::forward(weights, tokens, length);
    Comparison all = compareLogits(logitsOf(program, weights, tokens, length),
                                   expected, config);
    EXPECT_TRUE(all.within) << length << " tokens: " << all.describe(0);
    // Those of the last position alone are the last row.
    expected.erase(expected.begin(), expected.end() - config.vocab);
    Comparison last =
        compareLogits(logitsOf(program, weights, tokens, 1), expected, config);
    EXPECT_TRUE(last.within) << length << " tokens: " << last.describe(0);
  }
}

TEST_P(Forward, LeavesItsArgumentsAlone) {
  const auto &[name, config, lengths] = GetParam();
  Weights weights = randomWeights(config), before = randomWeights(config);
  Executable program = compileFor(config);
  std::vector<int32_t> tokens = someTokens(config, lengths.back());
  gpt2::Forward forward(program, weights);
  std::vector<float> logits(static_cast<size_t>(config.vocab)), again = logits;
  for (size_t count : {size_t{1}, tokens.size()}) {
    forward(std::span(tokens).first(count), logits);
    forward(std::span(tokens).first(count), again);
    EXPECT_EQ(logits, again) << count << " tokens, for the second time";
  }
  for (size_t i = 0; i < weights.specs().size(); ++i)
    EXPECT_TRUE(std::ranges::equal(weights.tensor(i), before.tensor(i)))
        << weights.specs()[i].name;
}

TEST_P(Forward, LogitsOfTheParent) {
  const auto &[name, config, lengths] = GetParam();
  if (!tested().chapter.parent)
    return;
  Weights weights = randomWeights(config);
  Executable program = compileFor(config);
  Executable parent = compiled({*tested().chapter.parent, config});
  for (int64_t length : lengths) {
    std::vector<int32_t> tokens = someTokens(config, length);
    std::vector<float> before = logitsOf(parent, weights, tokens, length);
    reference::Vector expected(before.begin(), before.end());
    // Both may be off by as much as one may be from the exact values.
    double tolerance = 2 * logitsTolerance(config, largestOf(expected));
    Comparison comparison = compare(logitsOf(program, weights, tokens, length),
                                    expected, tolerance);
    EXPECT_TRUE(comparison.within)
        << length << " tokens: " << comparison.describe(tolerance);
  }
}

TEST_P(Forward, GreedyTokens) {
  const auto &[name, config, lengths] = GetParam();
  Weights weights = randomWeights(config);
  Executable program = compileFor(config);
  gpt2::Forward compiled(program, weights);
  for (int64_t length : lengths) {
    std::vector<int32_t> prompt = someTokens(config, length);
    // Up to the context's end, but a few tokens of a wide model will do.
    int64_t count = config.channels > 500 ? 2 : config.context;
    EXPECT_EQ(greedy(config, prompt, count, compiled),
              referenceGreedy(weights, prompt, count))
        << length << " tokens";
  }
}

TEST_P(Forward, SpecialisedTextHasNoOpenSize) {
  const Config &config = GetParam().config;
  Sizes sizes;
  sizes["T"] = GetParam().lengths.back();
  sizes["N"] = 1;
  sizes["S"] = 2;
  std::string text =
      emit(compileRequest({tested().chapter, config, sizes}), "specialized");
  if (tested()
          .chapter.keepsCache()) // how much of it is filled, only a run knows
    text = text.substr(text.find("func.func"),
                       text.find("attributes {gpt2") - text.find("func.func"));
  EXPECT_EQ(text.find('?'), std::string::npos) << text;
}

INSTANTIATE_TEST_SUITE_P(Sizes, Forward, ::testing::ValuesIn(shapes),
                         [](const auto &info) { return info.param.name; });

TEST(EmbeddedModel, LogitsAndGreedyTokens) {
  auto checkpoint = Checkpoint::open(paths::embeddedModel());
  const Config &config = checkpoint->config();
  Weights weights = checkpoint->load();
  Executable program = compileFor(config);
  std::vector<int32_t> prompt =
      checkpoint->loadTokenizer().encode("There was once a king who had");

  auto length = static_cast<int64_t>(prompt.size());
  Comparison all =
      compareLogits(logitsOf(program, weights, prompt, length),
                    reference::forward(weights, prompt, length), config);
  EXPECT_TRUE(all.within) << all.describe(0);

  gpt2::Forward compiled(program, weights);
  std::vector<int32_t> actual = greedy(config, prompt, 24, compiled);
  EXPECT_EQ(actual.size(), 24u);
  EXPECT_EQ(actual, referenceGreedy(weights, prompt, 24));
}

TEST(ScoreOfForward, MatrixProductsAreMostOfIt) {
  // By hand: a product and a sum for each weight and token, and for each pair
  // of tokens (all, or those a token sees) and channel, twice; the logits.
  // Launches count whole tiles, so a chapter that has them gets whole ones.
  const bool isScheduled = !tested().chapter.schedules.empty();
  const int64_t tokens = isScheduled                     ? 64
                         : tested().chapter.hasKernels() ? 32
                                                         : 20;
  Config config = makeConfig(3, 2, 64, tokens < 40 ? 40 : tokens,
                             tested().chapter.hasKernels() ? 128 : 101);
  const double T = static_cast<double>(tokens), C = 64, L = 3,
               V = static_cast<double>(config.vocab);
  double matrices = 2 * (L * 12 * C * C * T + V * C);
  double seen = 2 * L * 2 * C * T * (T + 1) / 2, all = 2 * L * 2 * C * T * T;
  // Elementwise: fewer than 30 for a channel, 10 for a score.
  double rest = L * T * (30 * 4 * C + 10 * 2 * T);
  // The 256 threads of a block for each token and head bring sums together.
  if (tested().chapter.hasKernels() && tested().chapter.keepsCache())
    rest += L * T * 2 * 256 * 30;
  // A polynomial takes the place of each tanh and exp, a block of rows that of
  // the one row of logits.
  if (isScheduled)
    rest += L * T * (30 * 4 * C + 40 * 2 * T) + 15 * 2 * V * C;
  Score score = scoreOf({tested().chapter, config}, tokens, 1 << 20);
  EXPECT_GT(score.flops, matrices + seen);
  EXPECT_LT(score.flops, matrices + all + rest);
  // Each weight is read at least once, each row of tokens' embeddings too.
  EXPECT_GE(score.bytesRead, 4 * (L * 12 * C * C + V * C));
}

//===----------------------------------------------------------------------===//
// The comparison above must be able to fail: each of these is a small mistake.
//===----------------------------------------------------------------------===//

class Mistakes : public ::testing::Test {
protected:
  Config config = makeConfig(2, 2, 128, 33, 257);
  Weights good = randomWeights(config), bad = randomWeights(config);
  Executable program = compileFor(config);
  std::vector<int32_t> tokens = someTokens(config, 20);

  Comparison compareBad() {
    return compareLogits(logitsOf(program, bad, tokens, 20),
                         reference::forward(good, tokens, 20), config);
  }
};

TEST_F(Mistakes, NoneIsWithin) { EXPECT_TRUE(compareBad().within); }

TEST_F(Mistakes, ASignFlippedInOneWeight) {
  float &weight = bad.tensor("mlp.c_fc.weight")[4321];
  weight = -weight;
  EXPECT_FALSE(compareBad().within) << compareBad().describe(0);
}

TEST_F(Mistakes, ADroppedBias) {
  for (const char *name :
       {"ln_1.bias", "attn.c_attn.bias", "attn.c_proj.bias", "ln_2.bias",
        "mlp.c_fc.bias", "mlp.c_proj.bias", "ln_f.bias"}) {
    std::span<float> bias = bad.tensor(name);
    std::vector<float> kept(bias.begin(), bias.end());
    std::fill(bias.begin(), bias.end(), 0.0f);
    EXPECT_FALSE(compareBad().within) << name;
    std::copy(kept.begin(), kept.end(), bias.begin());
  }
}

TEST_F(Mistakes, NotANumber) {
  bad.tensor("ln_f.bias")[5] = NAN;
  EXPECT_FALSE(compareBad().within);
}

TEST_F(Mistakes, APositionTooFar) {
  tokens.erase(tokens.begin());
  std::vector<float> shifted = logitsOf(program, good, tokens, 19);
  tokens.insert(tokens.begin(), someTokens(config, 1)[0]);
  reference::Vector expected = reference::forward(good, tokens, 19);
  EXPECT_FALSE(compareLogits(shifted, expected, config).within);
}

} // namespace
