//===- tokenizer_files_test.cpp - Which files make which tokenizer ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "model/tokenizer/tokenizer.h"
#include "support/error.h"
#include "support/files.h"
#include "support/paths.h"
#include "testing/test_files.h"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

using namespace gpt2;
using namespace gpt2::testing;
using ::testing::HasSubstr;
using json = nlohmann::ordered_json; // new tokens get ids in a file's order
namespace fs = std::filesystem;

namespace {

/// Recorded from transformers: common/embedded_model/record_tokenizers.py.
json recorded() {
  return json::parse(
      readFile(paths::source() / "common/model/fixtures/tokenizers.json"));
}

/// tokenizer.json whose vocabulary is the recorded one, and nothing else said.
json plainFile() {
  json all = recorded();
  json byteLevel = {{"type", "ByteLevel"}, {"add_prefix_space", false}};
  return {
      {"version", "1.0"},
      {"normalizer", nullptr},
      {"pre_tokenizer", byteLevel},
      {"decoder", byteLevel},
      {"post_processor", nullptr},
      {"added_tokens", json::array()},
      {"model",
       {{"type", "BPE"}, {"vocab", all["vocab"]}, {"merges", all["merges"]}}}};
}

/// Writes the files of a recorded case as record_tokenizers.py did.
void writeCase(const fs::path &directory, const json &files, const json &all) {
  for (const auto &[name, recordedContent] : files.items()) {
    json content = recordedContent;
    std::string text;
    if (name == "merges.txt") {
      text = "#version: 0.2\n";
      for (const auto &merge : all["merges"])
        text += merge[0].get<std::string>() + " " +
                merge[1].get<std::string>() + "\n";
    } else if (name == "vocab.json") {
      bool reversed = content.contains("reversed");
      content = all["vocab"];
      auto last = static_cast<int64_t>(content.size()) - 2;
      for (auto &id : content)
        if (reversed && id <= last)
          id = last - id.get<int64_t>();
    } else if (name == "tokenizer.json") {
      json &model = content["model"];
      model["vocab"] = all["vocab"];
      for (const auto &symbol : model.value("added", json::array()))
        model["vocab"][symbol.get<std::string>()] = model["vocab"].size();
      model.erase("added");
      model["merges"] = all["merges"];
    }
    writeFile(directory / name, {text.empty() ? content.dump() : text});
  }
}

std::optional<int32_t> orNothing(const json &id) {
  return id.is_null() ? std::nullopt : std::optional(id.get<int32_t>());
}

TEST(TokenizerFiles, AreReadAsTransformersReadsThem) {
  json all = recorded();
  ASSERT_GT(all["cases"].size(), 15u);
  for (const auto &recordedCase : all["cases"]) {
    SCOPED_TRACE(recordedCase["name"].get<std::string>());
    TemporaryDirectory directory;
    writeCase(directory.path, recordedCase["files"], all);
    Tokenizer tokenizer = Tokenizer::open(directory.path);
    EXPECT_EQ(tokenizer.beginOfText(), orNothing(recordedCase["bos"]));
    EXPECT_EQ(tokenizer.endOfText(), orNothing(recordedCase["eos"]));
    EXPECT_EQ(tokenizer.size(), recordedCase["size"]);
    for (size_t i = 0; i < all["texts"].size(); ++i)
      EXPECT_EQ(tokenizer.encode(all["texts"][i].get<std::string>()),
                recordedCase["ids"][i].get<std::vector<int32_t>>())
          << all["texts"][i];
  }
}

TEST(TokenizerFiles, MergesAreStringsOrPairs) {
  TemporaryDirectory directory;
  json file = plainFile();
  writeFile(directory / "pairs.json", {file.dump()});
  for (auto &merge : file["model"]["merges"])
    merge = merge[0].get<std::string>() + " " + merge[1].get<std::string>();
  writeFile(directory / "strings.json", {file.dump()});
  std::string text = "There was once a king who had three sons";
  std::vector<int32_t> ids =
      Tokenizer::open(directory / "strings.json").encode(text);
  EXPECT_LT(ids.size(), text.size() * 2 / 3);
  EXPECT_EQ(Tokenizer::open(directory / "pairs.json").encode(text), ids);
}

TEST(TokenizerFiles, AFileAloneSaysWhatItSays) {
  // Its neighbours do not count, and it names no token that ends a text.
  TemporaryDirectory directory;
  json file = plainFile();
  file["pre_tokenizer"]["add_prefix_space"] = true;
  writeFile(directory / "tokenizer.json", {file.dump()});
  writeFile(directory / "tokenizer_config.json",
            {R"({"add_prefix_space": false, "bos_token": "<s>"})"});
  Tokenizer alone = Tokenizer::open(directory / "tokenizer.json");
  EXPECT_EQ(alone.decode(alone.encode("king")), " king");
  EXPECT_EQ(alone.beginOfText(), std::nullopt);
  EXPECT_EQ(alone.endOfText(), std::nullopt);
  Tokenizer beside = Tokenizer::open(directory.path);
  EXPECT_EQ(beside.decode(beside.encode("king")), "king");
  EXPECT_NE(beside.beginOfText(), std::nullopt);
}

TEST(TokenizerFiles, EndOfTextIsSpecialOnlyWhereAFileHasIt) {
  TemporaryDirectory directory;
  json all = recorded();
  all["vocab"].erase("<|endoftext|>");
  writeCase(directory.path, {{"vocab.json", json::object()}, {"merges.txt", 0}},
            all);
  Tokenizer tokenizer = Tokenizer::open(directory.path);
  EXPECT_EQ(tokenizer.endOfText(), std::nullopt);
  EXPECT_EQ(tokenizer.size(), static_cast<int64_t>(all["vocab"].size()));
  EXPECT_GT(tokenizer.encode("<|endoftext|>").size(), 5u);
}

TEST(TokenizerFiles, AModelsVocabularyMayBePadded) {
  TemporaryDirectory directory;
  json file = plainFile();
  auto size = static_cast<int32_t>(file["model"]["vocab"].size());
  file["model"]["vocab"]["hole"] = size + 1;
  writeFile(directory / "tokenizer.json", {file.dump()});
  Config config;
  config.vocab = size + 10;
  Tokenizer tokenizer = Tokenizer::open(directory.path, config);
  EXPECT_EQ(tokenizer.size(), size + 2);
  EXPECT_TRUE(tokenizer.isKnown(size - 1));
  EXPECT_TRUE(tokenizer.isKnown(size + 1));
  for (int32_t id : {-1, size, size + 2, size + 9, size + 10})
    EXPECT_FALSE(tokenizer.isKnown(id)) << id;
  for (int32_t id : {size, size + 9})
    EXPECT_THAT(errorOf([&] { tokenizer.decode(id); }),
                HasSubstr("no token has the id " + std::to_string(id)));
  EXPECT_THAT(errorOf([&] { tokenizer.decode(size + 10); }),
              HasSubstr("outside the vocabulary"));
}

TEST(TokenizerFiles, ATokenizerHasNoMoreTokensThanTheModel) {
  TemporaryDirectory directory;
  json all = recorded();
  auto size = static_cast<int32_t>(all["vocab"].size());
  Config config;
  auto message = [&](int64_t vocab) {
    config.vocab = vocab;
    return errorOf([&] { Tokenizer::open(directory.path, config); });
  };
  json files = {{"vocab.json", json::object()},
                {"merges.txt", 0},
                {"tokenizer_config.json", {{"pad_token", "<pad>"}}}};
  writeCase(directory.path, files, all);
  EXPECT_THAT(message(size), HasSubstr("has " + std::to_string(size + 1) +
                                       " tokens with those that were added"));
  EXPECT_THAT(message(size - 1), HasSubstr("has " + std::to_string(size) +
                                           " tokens, the model's "
                                           "vocabulary"));
  config.vocab = size + 1;
  EXPECT_EQ(Tokenizer::open(directory.path, config).encode("<pad>"),
            std::vector<int32_t>{size});
}

TEST(TokenizerFiles, TwoTokensDoNotShareAnId) {
  // The next id is the number of tokens; a hole before it makes that taken.
  TemporaryDirectory directory;
  json all = recorded();
  auto size = static_cast<int32_t>(all["vocab"].size());
  all["vocab"]["hole before me"] = size + 1;
  json files = {{"vocab.json", json::object()},
                {"merges.txt", 0},
                {"tokenizer_config.json", {{"pad_token", "<pad>"}}}};
  writeCase(directory.path, files, all);
  EXPECT_THAT(errorOf([&] { Tokenizer::open(directory.path); }),
              HasSubstr("two tokens have id " + std::to_string(size + 1)));
}

TEST(TokenizerFiles, WhatIsNotGpt2sIsNamed) {
  TemporaryDirectory directory;
  auto message = [&](const char *pointer, json value) {
    json file = plainFile();
    file[json::json_pointer(pointer)] = std::move(value);
    writeFile(directory / "tokenizer.json", {file.dump()});
    std::string said = errorOf([&] { Tokenizer::open(directory.path); });
    EXPECT_THAT(said, HasSubstr("tokenizer.json: "));
    return said;
  };
  json lower = {{"type", "Lowercase"}};
  EXPECT_THAT(message("/normalizer", lower),
              HasSubstr("the normalizer is Lowercase; GPT-2 has none"));
  EXPECT_THAT(
      message("/normalizer", {{"type", "Sequence"}, {"normalizers", {lower}}}),
      HasSubstr("the normalizer is Lowercase"));
  EXPECT_THAT(message("/pre_tokenizer", {{"type", "Metaspace"}}),
              HasSubstr("the pre-tokenizer has Metaspace; GPT-2 has one, "
                        "ByteLevel, and only that is accepted"));
  json two = {
      {"type", "Sequence"},
      {"pretokenizers", {{{"type", "Split"}}, {{"type", "ByteLevel"}}}}};
  EXPECT_THAT(message("/pre_tokenizer", two),
              HasSubstr("the pre-tokenizer has Split among others"));
  EXPECT_THAT(message("/decoder", {{"type", "WordPiece"}}),
              HasSubstr("the decoder has WordPiece"));
  EXPECT_THAT(message("/post_processor", {{"type", "BertProcessing"}}),
              HasSubstr("the post-processor is BertProcessing; accepted are "
                        "ByteLevel and TemplateProcessing"));
  EXPECT_THAT(message("/model/type", "Unigram"),
              HasSubstr("the model is \"Unigram\"; GPT-2 has BPE"));
  EXPECT_THAT(message("/model/dropout", 0.1),
              HasSubstr("the model's \"dropout\" is 0.1"));
  EXPECT_THAT(message("/model/byte_fallback", true),
              HasSubstr("the model's \"byte_fallback\" is true"));
  EXPECT_THAT(message("/model/continuing_subword_prefix", "##"),
              HasSubstr("\"continuing_subword_prefix\" is \"##\""));
  EXPECT_THAT(message("/model/end_of_word_suffix", "</w>"),
              HasSubstr("\"end_of_word_suffix\" is \"</w>\""));
  EXPECT_THAT(message("/version", "2.0"), HasSubstr("version \"2.0\""));
  EXPECT_THAT(message("/model", json::object()),
              HasSubstr("expected a \"model\" with a \"vocab\""));
  EXPECT_THAT(message("/model/merges/0", json::array({"a"})),
              HasSubstr("merge 1: expected two symbols, found [\"a\"]"));
  EXPECT_THAT(message("/model/merges/1", "abc"),
              HasSubstr("merge 2: expected two symbols and a space"));
  EXPECT_THAT(message("/model/merges/1", 5),
              HasSubstr("merge 2: expected two symbols, found 5"));
  EXPECT_THAT(message("/model/merges/0", "a zz"),
              HasSubstr("merge 1: the symbol \"zz\" is not in"));
  EXPECT_THAT(message("/model/vocab/a", json::object()),
              HasSubstr("token \"a\" has id"));
  std::string twice = plainFile().dump();
  twice.insert(twice.find("\"vocab\":{") + 9, "\"a\":900,");
  writeFile(directory / "tokenizer.json", {twice});
  EXPECT_THAT(errorOf([&] { Tokenizer::open(directory.path); }),
              HasSubstr("the token \"a\" stands twice"));
  EXPECT_THAT(message("/added_tokens", "x"), HasSubstr("expected a list"));
  EXPECT_THAT(message("/added_tokens/0", {{"id", 1}}),
              HasSubstr("an object with its \"content\""));
  EXPECT_THAT(message("/added_tokens/0", {{"id", -1}, {"content", "x"}}),
              HasSubstr("added token \"x\" has id -1"));
  EXPECT_THAT(message("/added_tokens/0", {{"id", 999}, {"content", "xyz"}}),
              HasSubstr("the added token \"xyz\" is to have id 999, but the "
                        "next one free is "));
  EXPECT_THAT(message("/added_tokens/0", {{"id", 999}, {"content", "a"}}),
              HasSubstr("\"a\" is to have id 999, but has "));
  EXPECT_THAT(message("/added_tokens/0",
                      {{"id", 1}, {"content", "xyz"}, {"lstrip", 1}}),
              HasSubstr("\"lstrip\" is 1; expected true or false"));
  json around = {
      {"type", "TemplateProcessing"},
      {"single",
       {{{"SpecialToken", {{"id", "<s>"}}}}, {{"Sequence", {{"id", "A"}}}}}},
      {"special_tokens", {{"<s>", {{"ids", {777}}}}}}};
  EXPECT_THAT(message("/post_processor", around),
              HasSubstr("the post-processor adds the id 777"));
  around["special_tokens"] = json::object();
  EXPECT_THAT(message("/post_processor", around),
              HasSubstr("the post-processor adds \"<s>\" with the ids null"));
  around["single"] = json::array();
  EXPECT_THAT(message("/post_processor", around),
              HasSubstr("\"single\" has 0 texts"));
}

TEST(TokenizerFiles, CompanionsThatLie) {
  TemporaryDirectory directory;
  writeFile(directory / "tokenizer.json", {plainFile().dump()});
  auto message = [&](const char *name, const char *text) {
    writeFile(directory / name, {text});
    std::string said = errorOf([&] { Tokenizer::open(directory.path); });
    EXPECT_THAT(said, HasSubstr(name));
    fs::remove(directory / name);
    return said;
  };
  const char *config = "tokenizer_config.json";
  EXPECT_THAT(message(config, R"({"tokenizer_class": "BertTokenizer"})"),
              HasSubstr("accepted are GPT2Tokenizer, GPT2TokenizerFast, "
                        "PreTrainedTokenizerFast and TokenizersBackend"));
  EXPECT_THAT(message("config.json", R"({"tokenizer_class": "T5Tokenizer"})"),
              HasSubstr("\"tokenizer_class\" is \"T5Tokenizer\""));
  EXPECT_THAT(message(config, R"({"bos_token": 5})"),
              HasSubstr("\"bos_token\" is 5; expected a token's text"));
  EXPECT_THAT(message(config, R"({"add_prefix_space": "no"})"),
              HasSubstr("\"add_prefix_space\" is \"no\""));
  EXPECT_THAT(message(config, R"({"added_tokens_decoder": {"x": {}}})"),
              HasSubstr("has the id \"x\"; expected a whole number"));
  EXPECT_THAT(message(config, R"({"added_tokens_decoder": [1]})"),
              HasSubstr("expected an object"));
  EXPECT_THAT(message(config, R"({"fast_tokenizer_files": ["t.4.json"]})"),
              HasSubstr("only tokenizer.json is accepted"));
  EXPECT_THAT(message(config, "{"), HasSubstr("not valid JSON"));
  std::string deep = "{\"a\": " + std::string(1 << 20, '[');
  EXPECT_THAT(message(config, deep.c_str()), HasSubstr("nested more than 100"));
  EXPECT_THAT(message("special_tokens_map.json", R"({"eos_token": []})"),
              HasSubstr("\"eos_token\" is []"));
  EXPECT_THAT(message("added_tokens.json", R"({"<x>": "y"})"),
              HasSubstr("token \"<x>\" has id \"y\""));
}

TEST(TokenizerFiles, WhichAreMissing) {
  TemporaryDirectory directory;
  auto message = [&](const fs::path &path) {
    return errorOf([&] { Tokenizer::open(path); });
  };
  EXPECT_THAT(message(directory.path), HasSubstr("no tokenizer here"));
  EXPECT_THAT(message(directory / "nothing"), HasSubstr("no tokenizer here"));
  writeFile(directory / "vocab.json", {recorded()["vocab"].dump()});
  EXPECT_THAT(message(directory.path), HasSubstr("merges.txt is missing"));
  EXPECT_THAT(message(directory / "vocab.json"),
              HasSubstr("if this is a vocab.json, give the folder"));
  writeFile(directory / "merges.txt", {""});
  EXPECT_THAT(message(directory / "merges.txt"),
              HasSubstr("expected a folder, a tokenizer.json, or llm.c's"));
  writeFile(directory / "tokenizer_config.json",
            {R"({"tokenizer_class": "PreTrainedTokenizerFast"})"});
  EXPECT_THAT(message(directory.path), HasSubstr("for a tokenizer.json"));
  fs::remove(directory / "vocab.json");
  EXPECT_THAT(message(directory.path), HasSubstr("vocab.json is missing"));
}

} // namespace
