//===- config_test.cpp - Sizes that are refused -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "model/config.h"
#include "support/files.h"
#include "testing/test_files.h"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

using namespace gpt2;
using namespace gpt2::testing;
using ::testing::HasSubstr;

namespace {

const nlohmann::json good = {
    {"model_type", "gpt2"}, {"n_layer", 12},         {"n_head", 12},
    {"n_embd", 768},        {"n_positions", 1024},   {"n_ctx", 1024},
    {"vocab_size", 50257},  {"bos_token_id", 50256}, {"eos_token_id", 50256}};

TEST(Config, OfGpt2Small) {
  TemporaryDirectory directory;
  writeFile(directory / "config.json", {good.dump()});
  Config config = Config::fromJson(directory / "config.json");
  EXPECT_EQ(config, Config{});
  EXPECT_EQ(config.parameters(), 124439808); // the public checkpoint's count
  EXPECT_EQ(config.headDim(), 64);
}

TEST(Config, Refused) {
  struct {
    const char *field;
    nlohmann::json value;
    const char *message;
  } cases[] = {
      {"n_layer", 0, "n_layer is 0; expected 1 to"},
      {"n_layer", 100000, "n_layer is 100000"},
      {"n_embd", -768, "n_embd is -768"},
      {"n_embd", 770, "n_head 12 does not divide n_embd 770"},
      {"n_head", 0, "n_head is 0"},
      {"n_head", "12", "is \"12\"; expected a whole number"},
      {"n_positions", 1.5, "is 1.5; expected a whole number"},
      {"vocab_size", int64_t{1} << 40, "vocab_size is 1099511627776"},
      {"eos_token_id", "</s>", "\"eos_token_id\" is \"</s>\"; expected a"},
      {"eos_token_id", {1, 2.5}, "\"eos_token_id\" is [1,2.5]; expected a"},
      {"model_type", "llama", "\"model_type\" is \"llama\""},
      {"activation_function", "silu", "is \"silu\"; kernels are there for: "},
      {"layer_norm_epsilon", 0, "layer_norm_epsilon is 0; expected more"},
      {"layer_norm_epsilon", "small", "is \"small\"; expected a number"},
      {"n_inner", 0, "n_inner is 0; expected 1 to"},
      {"scale_attn_weights", 1, "is 1; expected true or false"},
      {"add_cross_attention", true, "\"add_cross_attention\" is true"},
  };
  TemporaryDirectory directory;
  std::filesystem::path path = directory / "config.json";
  for (const auto &bad : cases) {
    nlohmann::json fields = good;
    fields[bad.field] = bad.value;
    writeFile(path, {fields.dump()});
    std::string message = errorOf([&] { Config::fromJson(path); });
    EXPECT_THAT(message, HasSubstr(bad.message));
    EXPECT_THAT(message, HasSubstr(path.string()));
  }
  nlohmann::json fields = good;
  fields.erase("n_head");
  writeFile(path, {fields.dump()});
  EXPECT_THAT(errorOf([&] { Config::fromJson(path); }),
              HasSubstr("\"n_head\" is missing"));
  writeFile(path, {"{\"n_layer\": "});
  EXPECT_THAT(errorOf([&] { Config::fromJson(path); }),
              HasSubstr("not valid JSON"));
  writeFile(path, {"version https://git-lfs.github.com/spec/v1\noid sha256:"});
  EXPECT_THAT(errorOf([&] { Config::fromJson(path); }),
              HasSubstr("config.json: this is a Git-LFS pointer"));
}

TEST(Config, OfVariants) {
  TemporaryDirectory directory;
  std::filesystem::path path = directory / "config.json";
  auto with = [&](const nlohmann::json &changes) {
    nlohmann::json fields = good;
    fields.update(changes);
    writeFile(path, {fields.dump()});
    return Config::fromJson(path);
  };
  using Ids = std::vector<int32_t>;
  EXPECT_EQ(with({{"eos_token_id", nullptr}}).endOfText, Ids{});
  EXPECT_EQ(with({{"eos_token_id", {7, 9}}}).endOfText, (Ids{7, 9}));
  EXPECT_TRUE(with({{"eos_token_id", {7, 9}}}).endsText(9));
  // Outside of the vocabulary: it never comes.
  EXPECT_EQ(with({{"eos_token_id", 50257}}).endOfText, Ids{50257});
  EXPECT_EQ(with({{"eos_token_id", int64_t{1} << 40}}).endOfText, Ids{-1});
  EXPECT_EQ(with({{"bos_token_id", 11}}).beginOfText, 11);
  EXPECT_EQ(with({{"bos_token_id", 50257}}).beginOfText, std::nullopt);
  EXPECT_EQ(with({{"bos_token_id", nullptr}}).beginOfText, std::nullopt);
  EXPECT_EQ(with({{"n_inner", nullptr}}), Config{});
  EXPECT_EQ(with({{"n_inner", 3072}}), Config{});
  // Of each layer, F = 1000 for 3072: two matrices and a bias.
  EXPECT_EQ(with({{"n_inner", 1000}}).parameters(),
            124439808 - 12 * (2 * 768 + 1) * 2072);
  Config untied;
  untied.isTied = false;
  EXPECT_EQ(untied.parameters(), 124439808 + 50257 * 768);

  // generation_config.json decides, as it does in transformers.
  writeFile(directory / "generation_config.json", {R"({"bos_token_id": 5})"});
  EXPECT_EQ(with(nlohmann::json::object()).endOfText, Ids{});
  EXPECT_EQ(with(nlohmann::json::object()).beginOfText, 5);
}

} // namespace
