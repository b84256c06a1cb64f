//===- config_test.cpp - Sizes that are refused -------------------------===//
#include "model/config.h"
#include "model/files.h"
#include "testing/test_files.h"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

using namespace gpt2;
using namespace gpt2::testing;
using ::testing::HasSubstr;

namespace {

const nlohmann::json good = {{"model_type", "gpt2"}, {"n_layer", 12},
                             {"n_head", 12},         {"n_embd", 768},
                             {"n_positions", 1024},  {"n_ctx", 1024},
                             {"vocab_size", 50257},  {"eos_token_id", 50256}};

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
      {"eos_token_id", 50257, "eos_token_id 50257 is outside"},
      {"eos_token_id", -1, "eos_token_id -1 is outside"},
      {"model_type", "llama", "\"model_type\" is \"llama\""},
      {"activation_function", "relu", "GPT-2 has \"gelu_new\""},
      {"layer_norm_epsilon", 1e-6, "\"layer_norm_epsilon\" is 1e-06"},
      {"n_inner", 1024, "\"n_inner\" is 1024"},
      {"tie_word_embeddings", false, "\"tie_word_embeddings\" is false"},
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
}

} // namespace
