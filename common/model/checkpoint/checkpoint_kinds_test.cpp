//===- checkpoint_kinds_test.cpp - Heads, shards, and what is no model --===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "model/checkpoint/checkpoint.h"
#include "support/files.h"
#include "testing/test_files.h"
#include "testing/test_models.h"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <cstring>
#include <functional>

using namespace gpt2;
using namespace gpt2::testing;
using ::testing::AllOf;
using ::testing::HasSubstr;

namespace {

const Config tiny = makeConfig(2, 2, 8, 12, 31);

/// A file of `weights`, and whether a model with it is tied.
bool isTied(const Weights &weights, bool configSaysSo,
            const std::function<void(SafetensorsFile &)> &change) {
  TemporaryDirectory directory;
  Config config = tiny;
  config.isTied = configSaysSo;
  writeConfig(directory / "config.json", config);
  auto file = SafetensorsFile::of(weights, ElementType::F32);
  change(file);
  file.write(directory / "model.safetensors");
  auto checkpoint = Checkpoint::open(directory.path);
  Weights loaded = checkpoint->load();
  // What is used is what is in the file.
  EXPECT_EQ(loaded.tensor("wte.weight")[5], weights.tensor("wte.weight")[5]);
  if (!checkpoint->config().isTied) {
    EXPECT_EQ(loaded.tensor("lm_head.weight")[5],
              weights.tensor("wte.weight")[5] + 1);
  }
  return checkpoint->config().isTied;
}

TEST(Checkpoint, HeadsOfTheirOwn) {
  Weights weights = randomWeights(tiny);
  auto addHead = [](SafetensorsFile &file, float difference) {
    auto head = file["wte.weight"];
    head.name = "lm_head.weight";
    float value;
    std::memcpy(&value, head.bytes.data() + 20, 4);
    value += difference;
    std::memcpy(head.bytes.data() + 20, &value, 4);
    file.tensors.push_back(head);
  };
  for (bool configSaysSo : {false, true}) {
    EXPECT_TRUE(isTied(weights, configSaysSo,
                       [&](SafetensorsFile &file) { addHead(file, 0); }));
    EXPECT_FALSE(isTied(weights, configSaysSo,
                        [&](SafetensorsFile &file) { addHead(file, 1); }));
  }
  EXPECT_TRUE(isTied(weights, true, [](SafetensorsFile &) {}));
  // One of the two names is enough, if they are the same.
  EXPECT_TRUE(isTied(weights, true, [](SafetensorsFile &file) {
    file["wte.weight"].name = "lm_head.weight";
  }));
  EXPECT_THAT(
      errorOf([&] { isTied(weights, false, [](SafetensorsFile &) {}); }),
      HasSubstr("lm_head.weight is missing; config.json says that"));
  EXPECT_THAT(errorOf([&] {
                isTied(weights, false, [](SafetensorsFile &file) {
                  file["wte.weight"].name = "lm_head.weight";
                });
              }),
              HasSubstr("wte.weight is missing"));
}

TEST(Checkpoint, ShardsThatDoNotFit) {
  TemporaryDirectory directory;
  writeConfig(directory / "config.json", tiny);
  auto whole = SafetensorsFile::of(randomWeights(tiny), ElementType::F32);
  SafetensorsFile first, second;
  nlohmann::json map;
  for (const auto &tensor : whole.tensors) {
    bool isFirst = tensor.name.starts_with("h.0");
    (isFirst ? first : second).tensors.push_back(tensor);
    map[tensor.name] = isFirst ? "first.safetensors" : "second.safetensors";
  }
  first.write(directory / "first.safetensors");
  second.write(directory / "second.safetensors");
  std::filesystem::path index = directory / "model.safetensors.index.json";
  auto open = [&](const nlohmann::json &weightMap) {
    writeFile(index, {nlohmann::json{{"weight_map", weightMap}}.dump()});
    return Checkpoint::open(directory.path);
  };
  EXPECT_EQ(distance(open(map)->load(), randomWeights(tiny)), 0);
  EXPECT_EQ(distance(Checkpoint::open(index)->load(), randomWeights(tiny)), 0);
  auto refused = [&](const std::string &tensor, const nlohmann::json &file) {
    nlohmann::json changed = map;
    changed[tensor] = file;
    return errorOf([&] { open(changed); });
  };
  EXPECT_THAT(refused("ln_f.bias", "first.safetensors"),
              HasSubstr("ln_f.bias is not in first.safetensors"));
  EXPECT_THAT(refused("ln_f.bias", "third.safetensors"),
              HasSubstr("third.safetensors: no such file"));
  EXPECT_THAT(refused("h.2.ln_1.bias", "first.safetensors"),
              HasSubstr("h.2.ln_1.bias is not in first.safetensors"));
  EXPECT_THAT(refused("ln_f.bias", "../second.safetensors"),
              HasSubstr("expected the name of a file in the same folder"));
  EXPECT_THAT(refused("ln_f.bias", 2), HasSubstr("ln_f.bias is in 2"));
  map.erase("wpe.weight");
  EXPECT_THAT(errorOf([&] { open(map); }),
              HasSubstr("second.safetensors: tensor wpe.weight is not in"));
  writeFile(index, {"{}"});
  EXPECT_THAT(errorOf([&] { Checkpoint::open(index); }),
              HasSubstr("\"weight_map\" is missing"));
}

TEST(Checkpoint, WhatIsNotAModel) {
  TemporaryDirectory directory;
  writeConfig(directory / "config.json", tiny);
  const std::pair<std::string_view, const char *> files[] = {
      {"PK\x03\x04 and so on", "PyTorch's own format"},
      {"\x80\x02}q", "which only PyTorch reads"},
      {"version https://git-lfs.github.com/spec/v1\noid", "git lfs pull"},
      {"GGUF\3", "a GGUF file"},
      {"<!DOCTYPE html>", "a web page"}};
  for (auto [bytes, message] : files)
    for (const char *name : {"model.safetensors", "model.bin"}) {
      std::string padded(bytes);
      padded.resize(2000, ' ');
      writeFile(directory / name, {padded});
      EXPECT_THAT(errorOf([&] { Checkpoint::open(directory / name); }),
                  AllOf(HasSubstr(name), HasSubstr(message)));
    }
  std::filesystem::remove(directory / "model.safetensors");
  for (const char *name : {"pytorch_model.bin", "tf_model.h5"}) {
    writeFile(directory / name, {"?"});
    EXPECT_THAT(
        errorOf([&] { Checkpoint::open(directory.path); }),
        AllOf(HasSubstr("no model.safetensors here; "), HasSubstr(name)));
    std::filesystem::remove(directory / name);
  }
}

} // namespace
