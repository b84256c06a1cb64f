//===- checkpoint_test.cpp - Good checkpoints load, bad ones say why ----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "model/checkpoint/checkpoint.h"
#include "model/tokenizer/tokenizer.h"
#include "support/files.h"
#include "testing/test_files.h"
#include "testing/test_models.h"

#include <gmock/gmock.h>

#include <cstring>
#include <fstream>
#include <functional>
#include <random>

using namespace gpt2;
using namespace gpt2::testing;
using ::testing::HasSubstr;

namespace {

const Config tiny = makeConfig(2, 2, 8, 12, 31);

TEST(Checkpoint, SafetensorsInEveryFormatAndNaming) {
  Weights weights = randomWeights(tiny);
  // Values lie within 2, where formats with 11 and 8 bits of significand err by
  // at most 2^-11 and 2^-8.
  struct {
    ElementType type;
    double tolerance;
  } formats[] = {{ElementType::F32, 0},
                 {ElementType::F16, 0x1p-11},
                 {ElementType::BF16, 0x1p-8}};
  for (auto [type, tolerance] : formats)
    for (const char *prefix : {"", "transformer."}) {
      TemporaryDirectory directory;
      writeConfig(directory / "config.json", tiny);
      auto file = SafetensorsFile::of(weights, type, prefix);
      // The causal mask, as old files have it, and the output embedding, which
      // is the input embedding again.
      std::string mask(12 * 12, '\1');
      std::string h0 = prefix + std::string("h.0.attn.");
      file.tensors.push_back({h0 + "bias", "U8", {1, 1, 12, 12}, mask});
      file.tensors.push_back({h0 + "masked_bias", "F32", {}, "abcd"});
      auto head = file[prefix + std::string("wte.weight")];
      head.name = "lm_head.weight";
      file.tensors.push_back(head);
      file.write(directory / "model.safetensors");
      auto checkpoint = Checkpoint::open(directory.path);
      EXPECT_EQ(checkpoint->config(), tiny);
      EXPECT_EQ(checkpoint->format(), nameOf(type));
      Weights loaded = checkpoint->load();
      double far = distance(loaded, weights);
      EXPECT_LE(far, tolerance);
      EXPECT_EQ(far > 0, type != ElementType::F32); // it did round
    }
}

TEST(Checkpoint, LlmcIsTheSameModel) {
  Weights weights = randomWeights(tiny);
  TemporaryDirectory directory;
  writeLlmc(directory / "f32.bin", weights, ElementType::F32);
  auto f32 = Checkpoint::open(directory / "f32.bin");
  EXPECT_EQ(f32->config(), tiny);
  EXPECT_EQ(distance(f32->load(), weights), 0);
  writeLlmc(directory / "bf16.bin", weights, ElementType::BF16);
  auto bf16 = Checkpoint::open(directory / "bf16.bin");
  EXPECT_EQ(bf16->format(), "BF16");
  EXPECT_LE(distance(bf16->load(), weights), 0x1p-8);
}

TEST(Checkpoint, LlmcHeadersThatLie) {
  TemporaryDirectory directory;
  std::filesystem::path path = directory / "model.bin";
  writeLlmc(path, randomWeights(tiny), ElementType::F32);
  std::string good = readFile(path);
  auto messageWith = [&](size_t field, int32_t value) {
    std::string bad = good;
    std::memcpy(bad.data() + 4 * field, &value, 4);
    writeFile(path, {bad});
    return errorOf([&] { Checkpoint::open(path); });
  };
  EXPECT_THAT(messageWith(0, 7), HasSubstr("begins with 7"));
  EXPECT_THAT(messageWith(1, 4), HasSubstr("version 4; expected 3"));
  EXPECT_THAT(messageWith(2, -1), HasSubstr("n_ctx is -1"));
  EXPECT_THAT(messageWith(2, 13), HasSubstr("bytes;"));
  EXPECT_THAT(messageWith(5, 3), HasSubstr("does not divide"));
  EXPECT_THAT(messageWith(6, INT32_MAX), HasSubstr("n_embd is"));
  EXPECT_THAT(messageWith(7, 3), HasSubstr("padded to 3"));
  EXPECT_THAT(messageWith(7, INT32_MAX), HasSubstr("padded to"));
  for (size_t size : {size_t{0}, size_t{100}, size_t{1024}, good.size() - 1}) {
    writeFile(path, {std::string_view(good).substr(0, size)});
    EXPECT_THAT(errorOf([&] { Checkpoint::open(path); }),
                HasSubstr(std::to_string(size) + " bytes"));
  }
}

/// What a bad file must be told apart by.
struct BadFile {
  const char *what;
  std::function<void(SafetensorsFile &)> spoil;
  const char *message;
};

TEST(Checkpoint, TensorsThatDoNotFit) {
  const BadFile cases[] = {
      {"missing", [](auto &f) { f.tensors.pop_back(); },
       "tensor ln_f.bias is missing; expected shape (8)"},
      {"missing in a layer",
       [](auto &f) { f["h.1.mlp.c_fc.weight"].name = "h.1.mlp.c_fd.weight"; },
       "tensor h.1.mlp.c_fc.weight is missing; expected shape (8, 32)"},
      {"unexpected",
       [](auto &f) {
         auto extra = f["h.1.ln_1.bias"];
         extra.name = "h.2.ln_1.bias";
         f.tensors.push_back(extra);
       },
       "unexpected tensor h.2.ln_1.bias"},
      {"twice",
       [](auto &f) {
         auto extra = f["ln_f.bias"];
         extra.name = "transformer.ln_f.bias";
         f.tensors.push_back(extra);
       },
       "ln_f.bias stands twice"},
      {"transposed",
       [](auto &f) {
         f["h.0.mlp.c_fc.weight"].shape = {32, 8};
       },
       "h.0.mlp.c_fc.weight has shape (32, 8); expected (8, 32)"},
      {"oversized",
       [](auto &f) {
         f["wpe.weight"].shape = {13, 8};
         f["wpe.weight"].bytes.append(32, '\0');
       },
       "wpe.weight has shape (13, 8); expected (12, 8)"},
      {"wrong type",
       [](auto &f) {
         f["wpe.weight"].dtype = "I64";
         f["wpe.weight"].bytes.append(12 * 8 * 4, '\0');
       },
       "wpe.weight has type I64; expected F64, F32, F16 or BF16"},
      {"a head of other sizes",
       [](auto &f) {
         auto head = f["wpe.weight"];
         head.name = "lm_head.weight";
         f.tensors.push_back(head);
       },
       "lm_head.weight has shape (12, 8); expected (31, 8)"},
      {"a part of a head that we do not know",
       [](auto &f) {
         auto bias = f["ln_f.bias"];
         bias.name = "lm_head.bias";
         f.tensors.push_back(bias);
       },
       "unexpected tensor lm_head.bias"},
      {"more bytes than its shape",
       [](auto &f) { f["wpe.weight"].bytes += "1234"; },
       "tensor wpe.weight: F32 of its shape takes 384 bytes, its data_offsets "
       "span 388"},
      {"overflowing shape",
       [](auto &f) {
         f["wpe.weight"].shape = {INT64_MAX, INT64_MAX};
       },
       "overflows"},
  };
  Weights weights = randomWeights(tiny);
  for (const BadFile &bad : cases) {
    SCOPED_TRACE(bad.what);
    TemporaryDirectory directory;
    writeConfig(directory / "config.json", tiny);
    auto file = SafetensorsFile::of(weights, ElementType::F32);
    bad.spoil(file);
    file.write(directory / "model.safetensors");
    EXPECT_THAT(errorOf([&] { Checkpoint::open(directory.path); }),
                HasSubstr(bad.message));
  }
}

TEST(Checkpoint, HeadersThatLie) {
  auto file = SafetensorsFile::of(randomWeights(tiny), ElementType::F32);
  std::string honest = file.header();
  TemporaryDirectory directory;
  writeConfig(directory / "config.json", tiny);
  std::filesystem::path path = directory / "model.safetensors";
  auto open = [&] { Checkpoint::open(directory.path); };
  auto replaced = [&](const std::string &from, const std::string &to) {
    std::string header = honest;
    size_t at = header.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    header.replace(at, from.size(), to);
    file.write(path, header);
    return errorOf(open);
  };
  // wte has 31 * 8 floats, wpe 12 * 8.
  EXPECT_THAT(replaced("[0,992]", "[0,99200]"), HasSubstr("ends at byte"));
  EXPECT_THAT(replaced("[992,1376]", "[988,1372]"), HasSubstr("overlap"));
  EXPECT_THAT(replaced("[992,1376]", "[992,1376,9]"),
              HasSubstr("[begin, end]"));
  EXPECT_THAT(replaced("[992,1376]", "[1376,992]"), HasSubstr("[begin, end]"));
  EXPECT_THAT(replaced("[992,1376]", "[-1,1376]"), HasSubstr("holds -1"));
  EXPECT_THAT(replaced("[992,1376]", "[0.5,1376]"), HasSubstr("holds 0.5"));
  EXPECT_THAT(replaced("[992,1376]", "[992,99999999999999999999999]"),
              HasSubstr("expected whole numbers"));
  EXPECT_THAT(replaced("[12,8]", "\"12,8\""), HasSubstr("not a list"));
  EXPECT_THAT(replaced("[12,8]", "[18446744073709551615,8]"),
              HasSubstr("absurd"));
  EXPECT_THAT(replaced("\"wpe.weight\"", "\"wte.weight\""),
              HasSubstr("\"wte.weight\" stands twice"));
  EXPECT_THAT(replaced("}}", "}"), HasSubstr("not valid JSON"));
  file.write(path, "[1, 2]");
  EXPECT_THAT(errorOf(open), HasSubstr("expected a JSON object"));
  file.write(path, "{}");
  EXPECT_THAT(errorOf(open), HasSubstr("follow the last tensor"));

  // A hole: a tensor that the header leaves out.
  std::string holed = honest;
  size_t from = holed.find("\"wpe.weight\""), to = holed.find("\"h.0.ln_1");
  holed.erase(from, to - from);
  file.write(path, holed);
  EXPECT_THAT(errorOf(open), HasSubstr("leave a hole"));

  // The length of the header, and the file cut short.
  file.write(path);
  std::string good = readFile(path);
  for (uint64_t length : {UINT64_MAX, uint64_t{1} << 63, good.size() - 7}) {
    std::string bad = good;
    std::memcpy(bad.data(), &length, 8);
    writeFile(path, {bad});
    EXPECT_THAT(errorOf(open), HasSubstr("the header claims"));
  }
  for (size_t size : {size_t{0}, size_t{7}, size_t{9}, good.size() - 1}) {
    writeFile(path, {std::string_view(good).substr(0, size)});
    EXPECT_THAT(errorOf(open), HasSubstr(path.string()));
  }
}

TEST(Checkpoint, DamagedHeadersNeverCrash) {
  TemporaryDirectory directory;
  writeConfig(directory / "config.json", tiny);
  std::filesystem::path path = directory / "model.safetensors";
  auto file = SafetensorsFile::of(randomWeights(tiny), ElementType::BF16);
  file.write(path);
  std::string good = readFile(path);
  size_t headerEnd = 8 + file.header().size();
  std::mt19937_64 random(1);
  int refused = 0;
  for (int i = 0; i < 2000; ++i) {
    std::string bad = good;
    for (uint64_t flips = 1 + random() % 3; flips; --flips)
      bad[random() % headerEnd] = static_cast<char>(random());
    writeFile(path, {bad});
    try {
      (void)Checkpoint::open(directory.path)->load();
    } catch (const Error &) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 1000); // most damage matters; none may crash
}

TEST(Checkpoint, WhatIsNotThere) {
  TemporaryDirectory directory;
  auto open = [&] { Checkpoint::open(directory.path); };
  EXPECT_THAT(errorOf(open), HasSubstr("config.json is missing"));
  writeConfig(directory / "config.json", tiny);
  EXPECT_THAT(errorOf(open), HasSubstr("model.safetensors: no such file"));
  EXPECT_THAT(errorOf([&] { Checkpoint::open("/no/such/model"); }),
              HasSubstr("no such model"));
  writeFile(directory / "weights.txt", {"?"});
  EXPECT_THAT(errorOf([&] { Checkpoint::open(directory / "weights.txt"); }),
              HasSubstr("expected a directory"));
  SafetensorsFile::of(randomWeights(tiny), ElementType::F32)
      .write(directory / "model.safetensors");
  EXPECT_THAT(
      errorOf([&] { Checkpoint::open(directory.path)->loadTokenizer(); }),
      HasSubstr("no tokenizer here"));
  EXPECT_THAT(
      errorOf([&] { Checkpoint::open("random-124m")->loadTokenizer(); }),
      HasSubstr("--token-ids"));
}

} // namespace
