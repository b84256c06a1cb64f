//===- tokenizer_test.cpp - Byte-pair encoding, judged by another -------===//
#include "model/error.h"
#include "model/files.h"
#include "model/tokenizer.h"
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

const fs::path embedded =
    fs::path(GPT2_SOURCE_DIR) / "common/models/fairy-tales";

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
  // Recorded from Hugging Face's tokenizers: common/models/record.py.
  expectRecorded(embeddedTokenizer(),
                 fs::path(GPT2_SOURCE_DIR) /
                     "common/model/fixtures/tokenizer.json");
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

TEST(Tokenizer, EndOfTextIsOneToken) {
  Tokenizer tokenizer = embeddedTokenizer();
  std::vector<int32_t> ids = tokenizer.encode("a<|endoftext|><|endoftext|>b");
  ASSERT_EQ(ids.size(), 4u);
  EXPECT_EQ(ids[1], tokenizer.endOfText());
  EXPECT_EQ(ids[2], tokenizer.endOfText());
  EXPECT_THAT(errorOf([&] { tokenizer.decode(-1); }), HasSubstr("id -1"));
  EXPECT_THAT(errorOf([&] {
                tokenizer.decode(static_cast<int32_t>(tokenizer.size()));
              }),
              HasSubstr("outside the vocabulary"));
}

/// llm.c's file for the embedded vocabulary.
std::string llmcFile(const Tokenizer &tokenizer, uint32_t version) {
  std::vector<uint32_t> header(256);
  header[0] = 20240328;
  header[1] = version;
  header[2] = static_cast<uint32_t>(tokenizer.size());
  header[3] = static_cast<uint32_t>(tokenizer.endOfText());
  std::string bytes(reinterpret_cast<char *>(header.data()), 1024);
  for (int32_t id = 0; id < tokenizer.size(); ++id) {
    bytes += static_cast<char>(tokenizer.decode(id).size());
    bytes += tokenizer.decode(id);
  }
  return bytes;
}

TEST(Tokenizer, LlmcsFileGivesTheSameIds) {
  Tokenizer expected = embeddedTokenizer();
  Config config = Config::fromJson(embedded / "config.json");
  TemporaryDirectory directory;
  for (uint32_t version : {1, 2}) {
    writeFile(directory / "t.bin", {llmcFile(expected, version)});
    Tokenizer actual = Tokenizer::fromLlmc(directory / "t.bin", config);
    std::string text = readFile(embedded / "vocab.bpe") +
                       "\xff\xfe \xc3\x28 na\xc3\xafve<|endoftext|>x";
    EXPECT_GT(expected.encode(text).size(), 100u);
    EXPECT_EQ(actual.encode(text), expected.encode(text));
  }
}

TEST(Tokenizer, LlmcsFileThatLies) {
  Tokenizer tokenizer = embeddedTokenizer();
  Config config = Config::fromJson(embedded / "config.json");
  TemporaryDirectory directory;
  fs::path path = directory / "t.bin";
  std::string good = llmcFile(tokenizer, 2);
  auto message = [&](const std::string &bytes) {
    writeFile(path, {bytes});
    return errorOf([&] { Tokenizer::fromLlmc(path, config); });
  };
  EXPECT_THAT(message(good.substr(0, 1000)), HasSubstr("too short"));
  EXPECT_THAT(message(good.substr(0, 5000)), HasSubstr("ends inside token"));
  EXPECT_THAT(message("?" + good.substr(1)), HasSubstr("expected 20240328"));
  std::string scrambled = good;
  std::swap(scrambled[1024 + 2 * 256 + 1], scrambled.back());
  EXPECT_THAT(message(scrambled), HasSubstr("t.bin"));
  config.vocab = 7;
  EXPECT_THAT(message(good), HasSubstr("the model's vocabulary 7"));
  fs::remove(path);
  EXPECT_THAT(errorOf([&] { Tokenizer::fromLlmc(path, config); }),
              HasSubstr("no tokenizer here"));
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
  EXPECT_THAT(message("{\"a\": 0}", merges), HasSubstr("has 1 tokens"));
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
