//===- tokenizer_llmc_test.cpp - llm.c's file ---------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "model/tokenizer/tokenizer.h"
#include "support/error.h"
#include "support/files.h"
#include "support/paths.h"
#include "testing/test_files.h"
#include "testing/test_models.h"

#include <gmock/gmock.h>

using namespace gpt2;
using namespace gpt2::testing;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

namespace {

const fs::path embedded = paths::embeddedModel();

/// llm.c's file for the embedded vocabulary.
std::string llmcFile(const Tokenizer &tokenizer, uint32_t version) {
  std::vector<uint32_t> header(256);
  header[0] = 20240328;
  header[1] = version;
  header[2] = static_cast<uint32_t>(tokenizer.size());
  header[3] = static_cast<uint32_t>(*tokenizer.endOfText());
  std::string bytes(reinterpret_cast<char *>(header.data()), 1024);
  for (int32_t id = 0; id < tokenizer.size(); ++id) {
    bytes += static_cast<char>(tokenizer.decode(id).size());
    bytes += tokenizer.decode(id);
  }
  return bytes;
}

TEST(Tokenizer, LlmcsFileGivesTheSameIds) {
  Config config = Config::fromJson(embedded / "config.json");
  Tokenizer expected = Tokenizer::fromDirectory(embedded, config);
  TemporaryDirectory directory;
  for (uint32_t version : {1, 2}) {
    writeFile(directory / "t.bin", {llmcFile(expected, version)});
    Tokenizer actual = Tokenizer::fromLlmc(directory / "t.bin", config);
    std::string text = readFile(embedded / "vocab.bpe") +
                       "\xff\xfe \xc3\x28 na\xc3\xafve<|endoftext|>x";
    EXPECT_GT(expected.encode(text).size(), 100u);
    EXPECT_EQ(actual.encode(text), expected.encode(text));
    EXPECT_EQ(actual.endOfText(), expected.endOfText());
    EXPECT_EQ(actual.beginOfText(), expected.beginOfText());
  }
}

TEST(Tokenizer, LlmcsFileThatLies) {
  Config config = Config::fromJson(embedded / "config.json");
  Tokenizer tokenizer = Tokenizer::fromDirectory(embedded, config);
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

TEST(Tokenizer, LlmcsFileIsFoundAlone) {
  Config config = Config::fromJson(embedded / "config.json");
  Tokenizer expected = Tokenizer::fromDirectory(embedded, config);
  TemporaryDirectory directory;
  fs::path file = directory / "gpt2_tokenizer.bin";
  writeFile(file, {llmcFile(expected, 2)});
  config.vocab = 4200; // the model's is padded
  for (const fs::path &path : {directory.path, file})
    EXPECT_EQ(Tokenizer::open(path, config).encode("The king<|endoftext|>"),
              expected.encode("The king<|endoftext|>"));
}

} // namespace
