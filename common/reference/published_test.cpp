//===- published_test.cpp - The judge, judged by what others published --===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "model/checkpoint/checkpoint.h"
#include "model/sampler.h"
#include "model/tokenizer/tokenizer.h"
#include "reference/reference.h"
#include "testing/test_files.h"
#include "testing/test_models.h"

#include <gtest/gtest.h>

using namespace gpt2;
using namespace gpt2::testing;

namespace {

class PublishedModel : public ::testing::TestWithParam<size_t> {};

TEST_P(PublishedModel, WritesWhatOthersSay) {
  const Published &published = publishedTexts()[GetParam()];
  auto folder = whereIs(published);
  if (!folder)
    GTEST_SKIP() << published.model << " is not here: ./tutorial fetch "
                 << published.model << ", or set " << published.folder;
  auto checkpoint = Checkpoint::open(*folder);
  Tokenizer tokenizer = checkpoint->loadTokenizer();
  std::vector<int32_t> prompt = tokenizer.encode(published.prompt);
  const std::vector<int32_t> &ids = published.ids;
  EXPECT_EQ(tokenizer.decode(ids),
            published.prompt + std::string(published.text));
  ASSERT_TRUE(std::equal(prompt.begin(), prompt.end(), ids.begin()));

  // One pass: behind each of these tokens, the next is the most likely.
  size_t rows = ids.size() - prompt.size();
  reference::Vector logits = reference::forward(
      checkpoint->load(), std::span(ids).first(ids.size() - 1),
      static_cast<int64_t>(rows));
  size_t vocab = logits.size() / rows;
  std::vector<int32_t> likeliest;
  for (size_t row = 0; row < rows; ++row) {
    auto first = logits.begin() + static_cast<std::ptrdiff_t>(row * vocab);
    likeliest.push_back(argmax(
        std::vector<float>(first, first + static_cast<std::ptrdiff_t>(vocab))));
  }
  EXPECT_EQ(likeliest, std::vector(ids.begin() + static_cast<std::ptrdiff_t>(
                                                     prompt.size()),
                                   ids.end()));
}

INSTANTIATE_TEST_SUITE_P(Reference, PublishedModel,
                         ::testing::Range<size_t>(0, publishedTexts().size()),
                         [](const auto &info) {
                           return publishedTexts()[info.param].model;
                         });

/// Of the text alone, where GPT-2's tokenizer is.
TEST(Published, IdsAreThoseOfTheText) {
  if (externalData().empty())
    GTEST_SKIP() << "set GPT2_TEST_DATA to a folder with GPT-2's tokenizer";
  Tokenizer tokenizer =
      Tokenizer::fromDirectory(externalData() / "gpt2_tokenizer", Config{});
  for (const Published &published : publishedTexts())
    EXPECT_EQ(tokenizer.encode(published.prompt + std::string(published.text)),
              published.ids);
}

} // namespace
