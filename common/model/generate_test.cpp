//===- generate_test.cpp - Where generation starts and stops ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "model/generate.h"
#include "testing/test_files.h"
#include "testing/test_models.h"

#include <gmock/gmock.h>

using namespace gpt2;
using namespace gpt2::testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

namespace {

const Config config = makeConfig(1, 1, 8, 6, 10); // end of text is 9

/// A model for which token n is followed by n + 1.
void successor(std::span<const int32_t> tokens, std::span<float> logits) {
  std::fill(logits.begin(), logits.end(), 0.0f);
  logits[(tokens.back() + 1) % 10] = 1;
}

Generation run(const std::vector<int32_t> &prompt, int64_t count) {
  Sampler greedy({.temperature = 0});
  std::vector<int32_t> streamed;
  Generation result =
      generate(config, prompt, count, sampled(config, successor, greedy),
               [&](int32_t id) { streamed.push_back(id); });
  EXPECT_EQ(streamed, result.tokens);
  return result;
}

TEST(Generate, StopsAtTheTokenLimit) {
  Generation result = run({1, 2}, 3);
  EXPECT_THAT(result.tokens, ElementsAre(3, 4, 5));
  EXPECT_EQ(result.reason, StopReason::TokenLimit);
  EXPECT_EQ(result.stepSeconds.size(), 3u);
  EXPECT_TRUE(run({1}, 0).tokens.empty());
}

TEST(Generate, StopsAtTheEndOfText) {
  Generation result = run({6}, 100);
  EXPECT_THAT(result.tokens, ElementsAre(7, 8));
  EXPECT_EQ(result.reason, StopReason::EndOfText);
}

TEST(Generate, StopsWhenTheContextIsFull) {
  // Six tokens are seen at most; the last one seen still has a successor.
  Generation result = run({0, 0, 0, 0}, 100);
  EXPECT_THAT(result.tokens, ElementsAre(1, 2, 3));
  EXPECT_EQ(result.reason, StopReason::ContextFull);
}

TEST(Generate, AnEmptyPromptStartsFromTheEndOfText) {
  EXPECT_THAT(run({}, 2).tokens, ElementsAre(0, 1)); // 9 + 1 is 0
}

TEST(Generate, SlidesAtOnceBehindALongPrompt) {
  std::vector<int32_t> prompt = {9, 9, 9, 9, 1, 2, 3};
  EXPECT_EQ(preparePrompt(prompt, config, ContextPolicy::Slide),
            "the prompt has 7 tokens, the model's context 6; going on behind "
            "the newest 3");
  EXPECT_THAT(prompt, ElementsAre(1, 2, 3));
  EXPECT_EQ(preparePrompt(prompt, config, ContextPolicy::Slide), "");
  std::vector<int32_t> whole(6, 1);
  EXPECT_EQ(preparePrompt(whole, config, ContextPolicy::Slide), "");
  EXPECT_EQ(whole.size(), 6u);

  std::vector<size_t> lengths;
  Sampler greedy({.temperature = 0});
  auto seen = [&](std::span<const int32_t> tokens, std::span<float> logits) {
    lengths.push_back(tokens.size());
    successor(tokens, logits);
  };
  Generation result = generate(
      config, {9, 9, 9, 9, 1, 2, 3}, 5, sampled(config, seen, greedy),
      [](int32_t) {}, ContextPolicy::Slide);
  EXPECT_THAT(result.tokens, ElementsAre(4, 5, 6, 7, 8));
  EXPECT_THAT(lengths, ElementsAre(3, 4, 5, 6, 3));
  // Of what is dropped, ids are checked, too.
  prompt = {10, 1, 1, 1, 1, 1, 1};
  EXPECT_THAT(
      errorOf([&] { preparePrompt(prompt, config, ContextPolicy::Slide); }),
      HasSubstr("token 1 of the prompt has id 10"));
}

TEST(TokenStream, GivesATokenAtATimeAndThenNone) {
  Sampler greedy({.temperature = 0});
  TokenStream stream(config, {6}, 100, sampled(config, successor, greedy));
  EXPECT_EQ(stream.next(), 7);
  EXPECT_THAT(stream.generation().tokens, ElementsAre(7));
  EXPECT_EQ(stream.next(), 8);
  EXPECT_EQ(stream.next(), std::nullopt); // the end of the text
  EXPECT_EQ(stream.generation().reason, StopReason::EndOfText);
  size_t steps = stream.generation().stepSeconds.size();
  EXPECT_EQ(stream.next(), std::nullopt);
  EXPECT_EQ(stream.generation().stepSeconds.size(), steps);
}

TEST(Generate, RefusesPrompts) {
  EXPECT_THAT(errorOf([] {
                run({1, 2, 3, 4, 5, 6, 7}, 1);
              }),
              HasSubstr("--context slide"));
  EXPECT_THAT(errorOf([] {
                run({1, 2, 3, 4, 5, 6, 7}, 1);
              }),
              HasSubstr("7 tokens, the model's context 6"));
  EXPECT_THAT(errorOf([] {
                run({1, 10}, 1);
              }),
              HasSubstr("token 2 of the prompt has id 10"));
  EXPECT_THAT(errorOf([] { run({-1}, 1); }), HasSubstr("id -1"));
}

} // namespace
