//===- program_kv_test.cpp - Sequences, as a user runs them -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "chapter/conformance/program_test.h"
#include "model/generate.h"

#include <algorithm>
#include <cstring>

using namespace gpt2;
using namespace gpt2::testing;
using ::testing::HasSubstr;

namespace {

class CacheRun : public ProgramRun {
protected:
  Config config = makeConfig(2, 2, 32, 12, 53);
  Weights weights = randomWeights(config);
  std::string model = "--model=" + (directory / "model").string();

  void SetUp() override {
    std::filesystem::create_directory(directory / "model");
    writeConfig(directory / "model/config.json", config);
    SafetensorsFile::of(weights, ElementType::F32)
        .write(directory / "model/model.safetensors");
  }

  /// What the reference says, with the same policy.
  std::string expected(std::vector<int32_t> prompt, int64_t count,
                       ContextPolicy policy) {
    Sampler sampler({.temperature = 0});
    auto logits = [&](std::span<const int32_t> tokens, std::span<float> out) {
      reference::Vector row = reference::forward(weights, tokens, 1);
      std::copy(row.begin(), row.end(), out.begin());
    };
    std::string text;
    Config endless = config;
    endless.endOfText.clear();
    generate(
        endless, std::move(prompt), count, sampled(config, logits, sampler),
        [&](int32_t id) { text += std::to_string(id) + "\n"; }, policy);
    return text;
  }
};

TEST_F(CacheRun, SlidesOnBehindTheContextsEnd) {
  std::vector<std::string> arguments = {model, ids("3\n5\n"), "--greedy",
                                        "--ignore-end", "--max-new-tokens=40"};
  ProgramResult result = run(arguments);
  EXPECT_EQ(result.out, expected({3, 5}, 40, ContextPolicy::Stop));
  EXPECT_THAT(result.err, HasSubstr("[the context of 12 tokens is full]"));
  arguments.push_back("--context=slide");
  result = run(arguments);
  EXPECT_EQ(result.exitCode, 0) << result.err;
  EXPECT_EQ(result.out, expected({3, 5}, 40, ContextPolicy::Slide));
  EXPECT_EQ(std::count(result.out.begin(), result.out.end(), '\n'), 40);
}

TEST_F(CacheRun, TextsDoNotDependOnTheirNeighbours) {
  std::vector<std::string> prompts = {"Once upon a time", "The king", "",
                                      "There was an old wolf", "And"};
  std::string file = directory / "prompts.txt", lines;
  for (const std::string &prompt : prompts)
    lines += prompt + "\n";
  writeFile(file, {lines});
  for (std::string how : {"--greedy", "--temperature=0.9"}) {
    std::vector<std::string> base = {how, "--max-new-tokens=7"};
    auto batch = [&](int width) {
      std::vector<std::string> arguments = base;
      arguments.push_back("--prompts=" + file);
      arguments.push_back("--batch=" + std::to_string(width));
      ProgramResult result = run(arguments);
      EXPECT_EQ(result.exitCode, 0) << result.err;
      EXPECT_THAT(result.err, HasSubstr(" tokens/s"));
      return result.out;
    };
    std::string alone = batch(1);
    EXPECT_EQ(batch(3), alone) << how;
    EXPECT_EQ(batch(5), alone) << how;
    if (how != "--greedy")
      continue;
    std::string oneByOne;
    for (const std::string &prompt : prompts) {
      std::vector<std::string> arguments = base;
      arguments.push_back(prompt);
      oneByOne += run(arguments).out + "\n";
    }
    EXPECT_EQ(alone, oneByOne);
  }
}

TEST_F(CacheRun, TakesPromptsInPiecesAndManyAtOnce) {
  writeFile(directory / "many", {"3 5 7\n9\n3 5 7\n"});
  std::string alone = run({model, ids("3\n5\n7\n"), "--greedy", "--ignore-end",
                           "--max-new-tokens=4"})
                          .out;
  for (std::string piece : {"--prefill=1", "--prefill=2", "--prefill=9"}) {
    EXPECT_EQ(run({model, ids("3\n5\n7\n"), "--greedy", "--ignore-end",
                   "--max-new-tokens=4", piece})
                  .out,
              alone)
        << piece;
    std::string file = directory / (piece + ".npy");
    ProgramResult result = run({model, ids("3\n5\n7\n"), piece,
                                "--dump-logits=" + file, "--all-positions"});
    ASSERT_EQ(result.exitCode, 0) << result.err;
    std::string bytes = readFile(file);
    reference::Vector expected = reference::forward(weights, {{3, 5, 7}}, 3);
    std::vector<float> logits(expected.size());
    ASSERT_GT(bytes.size(), 4 * logits.size());
    std::memcpy(logits.data(), bytes.data() + bytes.size() - 4 * logits.size(),
                4 * logits.size());
    Comparison comparison = compareLogits(logits, expected, config);
    EXPECT_TRUE(comparison.within) << piece << comparison.describe(0);
  }
  ProgramResult result =
      run({model, "--prompt-ids=" + (directory / "many").string(), "--batch=2",
           "--greedy", "--ignore-end", "--max-new-tokens=4"});
  EXPECT_EQ(result.exitCode, 0) << result.err;
  std::replace(alone.begin(), alone.end(), '\n', ' ');
  alone.pop_back();
  EXPECT_THAT(result.out, ::testing::StartsWith("3 5 7 " + alone + "\n9 "));
  EXPECT_THAT(result.out, ::testing::EndsWith("\n3 5 7 " + alone + "\n"));
}

TEST_F(CacheRun, SaysWhatTheCacheTakes) {
  std::vector<std::string> arguments = {model, ids("3\n"),
                                        "--max-new-tokens=2"};
  EXPECT_THAT(run(arguments).err,
              HasSubstr("cache: 1 sequence of up to 12 tokens, 0.00614 MB "
                        "each, keys and values in F32"));
  arguments.push_back("--kv=bf16");
  ProgramResult result = run(arguments);
  EXPECT_EQ(result.exitCode, 0) << result.err;
  EXPECT_THAT(result.err,
              HasSubstr("0.00307 MB each, keys and values in BF16"));
}

TEST_F(CacheRun, RefusesOptions) {
  EXPECT_THAT(errorOf({"a", "--kv=int3"}), HasSubstr("takes: f32, bf16"));
  EXPECT_THAT(errorOf({"a", "--context=jump"}),
              HasSubstr("--context=jump: expected stop or slide"));
  EXPECT_THAT(errorOf({"a", "--batch=2"}), HasSubstr("needs --prompts"));
  EXPECT_THAT(errorOf({"a", "--batch=0"}), HasSubstr("--batch=0"));
  EXPECT_THAT(errorOf({"a", "--prompts=/no/such"}),
              HasSubstr("takes the place of a prompt"));
  EXPECT_THAT(errorOf({"--prompts=/no/such"}), HasSubstr("/no/such"));
  writeFile(directory / "none", {""});
  EXPECT_THAT(errorOf({"--prompts=" + (directory / "none").string()}),
              HasSubstr("no prompts; expected one a line"));
  std::string full;
  for (int i = 0; i < 600; ++i)
    full += "king ";
  writeFile(directory / "ids", {"1 2\n3 x\n"});
  EXPECT_THAT(errorOf({"--prompt-ids=" + (directory / "ids").string()}),
              HasSubstr("ids:2: \"x\" is not a token id"));
  EXPECT_THAT(errorOf({"--prefill=-1"}), HasSubstr("--prefill=-1"));
  writeFile(directory / "long", {"a\n" + full + "\n"});
  EXPECT_THAT(errorOf({"--prompts=" + (directory / "long").string()}),
              HasSubstr("long:2: the prompt has "));
  // A cache of a petabyte: one message, before anything is computed.
  writeFile(directory / "one", {"a\n"});
  EXPECT_THAT(errorOf({"--prompts=" + (directory / "one").string(),
                       "--batch=300000000"}),
              HasSubstr("keys of 300000000 sequences"));
}

} // namespace
