//===- tokenizer_test.cpp - Byte-pair encoding, judged by another -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "model/tokenizer/tokenizer.h"
#include "support/error.h"
#include "support/files.h"
#include "support/paths.h"
#include "testing/test_files.h"
#include "testing/test_models.h"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <random>

using namespace gpt2;
using namespace gpt2::testing;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

namespace {

const fs::path embedded = paths::embeddedModel();

Tokenizer embeddedTokenizer() {
  return Tokenizer::fromDirectory(embedded,
                                  Config::fromJson(embedded / "config.json"));
}

/// Encodes each recorded text and decodes it again.
void expectRecorded(const Tokenizer &tokenizer, const fs::path &file) {
  for (const auto &record : nlohmann::json::parse(readFile(file))) {
    auto text = record["text"].get<std::string>();
    EXPECT_EQ(tokenizer.encode(text), record["ids"].get<std::vector<int32_t>>())
        << text;
    EXPECT_EQ(tokenizer.decode(tokenizer.encode(text)), text);
  }
}

TEST(Tokenizer, EncodesAsRecorded) {
  // Recorded from Hugging Face's tokenizers: common/embedded_model/record.py.
  expectRecorded(embeddedTokenizer(),
                 paths::source() / "common/model/fixtures/tokenizer.json");
}

TEST(Tokenizer, OfGpt2EncodesAsRecorded) {
  fs::path directory = externalData() / "gpt2_tokenizer";
  if (externalData().empty() || !fs::exists(directory))
    GTEST_SKIP() << "set GPT2_TEST_DATA to a folder with gpt2_tokenizer/";
  expectRecorded(Tokenizer::fromDirectory(directory, Config{}),
                 directory / "expected_ids.json");
}

TEST(Tokenizer, AnyBytesComeBack) {
  Tokenizer tokenizer = embeddedTokenizer();
  std::mt19937_64 random(1);
  for (int i = 0; i < 2000; ++i) {
    std::string bytes;
    // Runs of text between arbitrary bytes, so that words and merges form.
    for (uint64_t length = random() % 40; length; --length) {
      if (random() % 3 == 0)
        bytes += " the king's 123";
      bytes += static_cast<char>(random());
    }
    ASSERT_EQ(tokenizer.decode(tokenizer.encode(bytes)), bytes);
  }
}

TEST(Tokenizer, LongWordsEnd) {
  Tokenizer tokenizer = embeddedTokenizer();
  // A quadratic algorithm would take hours.
  std::string word(1 << 20, 'a');
  EXPECT_EQ(tokenizer.decode(tokenizer.encode(word)), word);
}

TEST(Tokenizer, LongWordsAreMergedAsShortOnes) {
  // Words of up to 64 bytes and longer ones go different ways to the same ids.
  Tokenizer tokenizer = embeddedTokenizer();
  BytePairs pairs;
  for (int32_t id = 0; id < 4095; ++id)
    if (tokenizer.decode(id).size() == 1)
      pairs.setByte(static_cast<unsigned char>(tokenizer.decode(id)[0]), id);
  // 'X' is in no merge here, so that what is left of it is merged alone.
  std::mt19937_64 random(2);
  for (int32_t id = 256; id < 4095; ++id)
    for (size_t cut = 1; cut < tokenizer.decode(id).size(); ++cut) {
      std::vector<int32_t> left, right;
      std::string_view bytes = tokenizer.decode(id);
      if (bytes.find('X') != std::string_view::npos)
        continue;
      pairs.encode(bytes.substr(0, cut), left);
      pairs.encode(bytes.substr(cut), right);
      if (left.size() == 1 && right.size() == 1) {
        pairs.addMerge(left[0], right[0], id);
        break;
      }
    }
  for (int i = 0; i < 500; ++i) {
    std::string word;
    while (word.size() < 40 + random() % 20)
      word += "etaonrish th"[random() % 12];
    std::vector<int32_t> once, twice;
    pairs.encode(word, once);
    pairs.encode(word + std::string(40, 'X') + word, twice);
    ASSERT_LT(once.size(), word.size());
    ASSERT_EQ(std::vector(twice.begin(), twice.begin() + once.size()), once);
    ASSERT_EQ(std::vector(twice.end() - once.size(), twice.end()), once);
  }
}

TEST(Tokenizer, AMergeAddedAgainIsTheLast) {
  BytePairs pairs;
  for (int byte = 0; byte < 256; ++byte)
    pairs.setByte(static_cast<unsigned char>(byte), byte);
  pairs.addMerge('a', 'b', 256);
  pairs.addMerge('b', 'c', 257);
  std::vector<int32_t> ids;
  pairs.encode("abc", ids);
  EXPECT_EQ(ids, (std::vector<int32_t>{256, 'c'}));
  pairs.addMerge('a', 'b', 256);
  ids.clear();
  pairs.encode("abc", ids);
  EXPECT_EQ(ids, (std::vector<int32_t>{'a', 257}));
}

TEST(Tokenizer, EndOfTextIsOneToken) {
  Tokenizer tokenizer = embeddedTokenizer();
  std::string text = "a<|endoftext|><|endoftext|>b";
  std::vector<int32_t> ids = tokenizer.encode(text);
  ASSERT_EQ(ids.size(), 4u);
  EXPECT_EQ(tokenizer.endOfText(), 4095);
  EXPECT_EQ(tokenizer.beginOfText(), 4095);
  EXPECT_EQ(ids[1], 4095);
  EXPECT_EQ(ids[2], 4095);
  ids = tokenizer.encode(text, SpecialTokens::AsText);
  EXPECT_EQ(std::count(ids.begin(), ids.end(), 4095), 0);
  EXPECT_EQ(tokenizer.decode(ids), text);
  EXPECT_THAT(errorOf([&] { tokenizer.decode(-1); }), HasSubstr("id -1"));
  EXPECT_THAT(errorOf([&] {
                tokenizer.decode(static_cast<int32_t>(tokenizer.size()));
              }),
              HasSubstr("outside the vocabulary"));
}

TEST(Tokenizer, FilesThatLie) {
  Config config = Config::fromJson(embedded / "config.json");
  TemporaryDirectory directory;
  std::string vocab = readFile(embedded / "encoder.json");
  std::string merges = readFile(embedded / "vocab.bpe");
  auto message = [&](const std::string &vocab, const std::string &merges) {
    writeFile(directory / "vocab.json", {vocab});
    writeFile(directory / "merges.txt", {merges});
    return errorOf([&] { Tokenizer::fromDirectory(directory.path, config); });
  };
  EXPECT_THAT(message(vocab, "#version: 0.2\nt h\nQ zzz\n"),
              HasSubstr("merges.txt:3: the symbol \"zzz\" is not in"));
  EXPECT_THAT(message(vocab, "#version: 0.2\nQ Z\n"),
              HasSubstr("merges.txt:2: the symbol \"QZ\" is not in"));
  EXPECT_THAT(message(vocab, "t h e\n"), HasSubstr("merges.txt:1: expected"));
  EXPECT_THAT(message(vocab, "the\n"), HasSubstr("merges.txt:1: expected"));
  EXPECT_THAT(message("{\"a\": 0}", merges),
              HasSubstr("no token is the single byte 0"));
  EXPECT_THAT(message("{\"a\": 0, \"a\": 1}", merges),
              HasSubstr("the key \"a\" stands twice"));
  auto spoiled = [&](const std::string &token, nlohmann::json id) {
    auto json = nlohmann::json::parse(vocab);
    json[token] = std::move(id);
    return message(json.dump(), merges);
  };
  EXPECT_THAT(spoiled("the", 4096), HasSubstr("\"the\" has id 4096"));
  EXPECT_THAT(spoiled("the", -1), HasSubstr("\"the\" has id -1"));
  EXPECT_THAT(spoiled("the", "1"), HasSubstr("\"the\" has id \"1\""));
  EXPECT_THAT(spoiled("the", 0), HasSubstr("two tokens have id 0"));
  auto json = nlohmann::json::parse(vocab);
  json["qqqqq"] = json["a"];
  json.erase("a");
  EXPECT_THAT(message(json.dump(), merges),
              HasSubstr("no token is the single byte 97"));
}

} // namespace
