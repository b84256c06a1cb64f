//===- sampler_test.cpp - Draws follow the probabilities they should ----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "model/sampler.h"
#include "testing/test_files.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

using namespace gpt2;
using namespace gpt2::testing;
using ::testing::HasSubstr;

namespace {

std::map<int32_t, int> draw(const SamplerOptions &options,
                            std::span<const float> logits, int count) {
  Sampler sampler(options);
  std::map<int32_t, int> seen;
  for (int i = 0; i < count; ++i)
    ++seen[sampler.sample(logits)];
  return seen;
}

TEST(Sampler, GreedyTakesTheLargestAndOfEqualsTheFirst) {
  SamplerOptions options{.temperature = 0};
  EXPECT_EQ(Sampler(options).sample(std::vector<float>{1, 5, 2}), 1);
  EXPECT_EQ(Sampler(options).sample(std::vector<float>{1, 5, 5, 2}), 1);
}

TEST(Sampler, FrequenciesAreTheSoftmaxOfLogitsOverTemperature) {
  const std::vector<float> logits = {0.0f, 1.0f, -1.0f, 0.5f, 2.0f};
  for (double temperature : {0.5, 1.0, 2.0}) {
    double total = 0;
    for (float logit : logits)
      total += std::exp(logit / temperature);
    constexpr int count = 100000;
    auto seen = draw({.temperature = temperature, .topK = 0}, logits, count);
    for (size_t i = 0; i < logits.size(); ++i) {
      double p = std::exp(logits[i] / temperature) / total;
      double deviation = std::sqrt(count * p * (1 - p));
      EXPECT_NEAR(seen[static_cast<int32_t>(i)], count * p, 4.5 * deviation);
    }
  }
}

TEST(Sampler, TopKKeepsTheKMostLikely) {
  const std::vector<float> logits = {0.0f, 1.0f, 1.0f, 0.9f, -3.0f};
  auto seen = draw({.temperature = 1, .topK = 3}, logits, 2000);
  EXPECT_EQ(seen.size(), 3u);
  EXPECT_TRUE(seen.count(1) && seen.count(2) && seen.count(3));
  EXPECT_EQ(draw({.temperature = 1, .topK = 1}, logits, 100).size(), 1u);
}

TEST(Sampler, TopPKeepsTheFewestThatReachP) {
  // Probabilities 0.5, 0.25, 0.125, 0.125.
  const std::vector<float> logits = {std::log(1.0f), std::log(4.0f),
                                     std::log(2.0f), std::log(1.0f)};
  SamplerOptions options{.temperature = 1, .topK = 0};
  auto kept = [&](double p) {
    options.topP = p;
    return draw(options, logits, 4000).size();
  };
  EXPECT_EQ(kept(0.4), 1u);
  EXPECT_EQ(kept(0.6), 2u);
  EXPECT_EQ(kept(0.8), 3u);
  EXPECT_EQ(kept(1.0), 4u);
  options.topP = 0.6; // what is kept is drawn in proportion: 2 to 1
  auto seen = draw(options, logits, 30000);
  EXPECT_NEAR(seen[1], 20000, 4.5 * std::sqrt(30000 * 2 / 9.0));
}

TEST(Sampler, SeedsRepeat) {
  const std::vector<float> logits(1000, 0.0f);
  auto sequence = [&](uint64_t seed) {
    Sampler sampler({.temperature = 1, .topK = 0, .seed = seed});
    std::vector<int32_t> ids;
    for (int i = 0; i < 20; ++i)
      ids.push_back(sampler.sample(logits));
    return ids;
  };
  EXPECT_EQ(sequence(7), sequence(7));
  EXPECT_NE(sequence(7), sequence(8));
  // Of equal logits, the draw u in [0, 1) picks id floor(1000 u); the standard
  // fixes the generator, here by its 10000th number.
  std::mt19937_64 random(7), known;
  for (int32_t id : sequence(7))
    EXPECT_EQ(id, static_cast<int32_t>(static_cast<double>(random() >> 11) *
                                       0x1p-53 * 1000));
  known.discard(9999);
  EXPECT_EQ(known(), 9981545732273789042u);
}

/// The definition: all tokens in their order, and one walk along them.
int32_t drawn(const SamplerOptions &options, std::span<const float> logits,
              double uniform) {
  std::vector<int32_t> order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](int32_t a, int32_t b) { return logits[a] > logits[b]; });
  if (options.topK > 0 && static_cast<size_t>(options.topK) < order.size())
    order.resize(static_cast<size_t>(options.topK));
  std::vector<double> weights;
  double total = 0;
  for (int32_t id : order) {
    weights.push_back(std::exp((double{logits[id]} - logits[order[0]]) /
                               options.temperature));
    total += weights.back();
  }
  if (options.topP < 1) {
    double enough = options.topP * total;
    size_t kept = 0;
    for (total = 0; kept < order.size() && total < enough; ++kept)
      total += weights[kept];
    order.resize(kept);
  }
  double left = uniform * total;
  for (size_t i = 0; i + 1 < order.size(); ++i) {
    if (left < weights[i])
      return order[i];
    left -= weights[i];
  }
  return order.back();
}

TEST(Sampler, TheWholeVocabularyIsInOrder) {
  std::mt19937_64 numbers(5);
  std::normal_distribution<float> normal(-35, 4);
  std::vector<float> logits(50257);
  for (float &logit : logits)
    logit = normal(numbers);
  // Equal ones, of both signs, and tokens that are never chosen.
  for (size_t i = 0; i < 5000; ++i) {
    logits[i * 7] = std::round(logits[i * 7]);
    logits[i * 10 + 1] = -INFINITY;
  }
  std::vector<float> aroundZero(1000);
  for (size_t i = 0; i < aroundZero.size(); ++i)
    aroundZero[i] = static_cast<float>(i % 7) * (i % 2 ? -0.0f : 0.5f) - 1;
  aroundZero[3] = -aroundZero[4];
  for (std::span<const float> row :
       {std::span<const float>(logits), std::span<const float>(aroundZero)})
    for (int64_t topK : {0, 40, 255, 256, 257, 900})
      for (double topP : {1.0, 0.9, 0.3}) {
        SamplerOptions options{.temperature = 1.5, .topK = topK, .topP = topP};
        Sampler sampler(options);
        std::mt19937_64 random(options.seed);
        for (int i = 0; i < 8; ++i)
          ASSERT_EQ(sampler.sample(row),
                    drawn(options, row,
                          static_cast<double>(random() >> 11) * 0x1p-53))
              << "top-k " << topK << ", top-p " << topP;
      }
}

TEST(Sampler, WhatIsMinusInfinityIsNeverChosen) {
  std::vector<float> logits(300, -INFINITY);
  logits[17] = -1e30f;
  logits[18] = -1e30f;
  for (int64_t topK : {0, 3, 280}) {
    auto seen = draw({.temperature = 1, .topK = topK}, logits, 100);
    EXPECT_EQ(seen[17] + seen[18], 100) << topK;
  }
  EXPECT_EQ(draw({.temperature = 0}, logits, 1)[17], 1);
}

TEST(Sampler, Refuses) {
  auto with = [](SamplerOptions options) {
    return errorOf([&] { Sampler sampler(options); });
  };
  EXPECT_THAT(with({.temperature = -1}), HasSubstr("--temperature is -1"));
  EXPECT_THAT(with({.temperature = NAN}), HasSubstr("--temperature is nan"));
  EXPECT_THAT(with({.topK = -1}), HasSubstr("--top-k is -1"));
  EXPECT_THAT(with({.topP = 0}), HasSubstr("--top-p is 0"));
  EXPECT_THAT(with({.topP = 1.5}), HasSubstr("--top-p is 1.5"));
  for (double temperature : {0.0, 1.0})
    EXPECT_THAT(errorOf([&] {
                  Sampler({.temperature = temperature})
                      .sample(std::vector<float>{1, NAN});
                }),
                HasSubstr("token 1 is not a number"));
  auto errorFor = [](double temperature, const std::vector<float> &logits) {
    return errorOf(
        [&] { Sampler({.temperature = temperature}).sample(logits); });
  };
  for (double temperature : {0.0, 1.0}) {
    EXPECT_THAT(errorFor(temperature, {1, 2, INFINITY}),
                HasSubstr("token 2 is infinite"));
    EXPECT_THAT(errorFor(temperature, {-INFINITY, -INFINITY}),
                HasSubstr("all 2 tokens are minus infinity"));
  }
}

} // namespace
