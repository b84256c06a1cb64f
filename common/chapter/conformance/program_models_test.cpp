//===- program_models_test.cpp - Models as people have them, run --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "chapter/conformance/program_test.h"
#include "support/json_file.h"

using namespace gpt2;
using namespace gpt2::testing;

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::StartsWith;

namespace {

// Models that differ from GPT-2, and what transformers computes for them.
TEST_F(ProgramRun, HasTheLogitsOfTransformers) {
  std::filesystem::path models =
      paths::source() / "common/model/fixtures/models";
  for (const char *name : {"silently_untied", "numbers", "gelu", "by_layer"}) {
    SCOPED_TRACE(name);
    std::filesystem::path model = models / name;
    nlohmann::json recorded = readJsonObject(model / "expected.json");
    std::string tokens;
    reference::Vector expected;
    for (const auto &id : recorded.at("ids"))
      tokens += id.dump() + "\n";
    for (const auto &row : recorded.at("logits"))
      expected.insert(expected.end(), row.begin(), row.end());
    std::filesystem::path file = directory / "logits.npy";
    ProgramResult result =
        run({"--model=" + model.string(), ids(tokens), "--all-positions",
             "--dump-logits=" + file.string()});
    ASSERT_EQ(result.exitCode, 0) << result.err;
    Comparison comparison =
        compareLogits(readLogits(file, std::ssize(expected)), expected,
                      Checkpoint::open(model)->config());
    EXPECT_TRUE(comparison.within) << comparison.describe(0);
    EXPECT_EQ(result.err.find("logits are made with it") != std::string::npos,
              name == std::string("silently_untied"));
  }
}

// Sizes are the same; what is computed is not.
TEST_F(ProgramRun, IsForOneKindOfModel) {
  if (tested().chapter.hasKernels())
    return; // the library says of the model what those for the CPU say
  std::filesystem::path models =
      paths::source() / "common/model/fixtures/models";
  std::string library = directory / "program.so";
  ProgramResult written =
      run({"--aot=" + library, "--model=" + (models / "plain").string(),
           "--device=cpu"});
  ASSERT_EQ(written.exitCode, 0) << written.err;
  auto runWith = [&](const char *model) {
    return runProgram(tested().runner,
                      {library, "--model=" + (models / model).string(),
                       "--device=cpu", ids("3\n"), "--greedy",
                       "--max-new-tokens=6"});
  };
  ProgramResult itself =
      run({"--model=" + (models / "plain").string(), "--device=cpu", ids("3\n"),
           "--greedy", "--max-new-tokens=6"});
  EXPECT_NE(itself.out, "");
  EXPECT_EQ(runWith("plain").out, itself.out);
  EXPECT_THAT(runWith("gelu").err,
              HasSubstr("compiled for a model with activation gelu_new, and "
                        "this one has gelu"));
  EXPECT_THAT(runWith("silently_untied").err,
              HasSubstr("with a matrix for logits no, and this one has yes"));
}

/// A folder with a model whose vocabulary is padded behind the embedded model's
/// tokens, by rows that any logit of a token is small beside.
void writePadded(const std::filesystem::path &folder) {
  Config config = makeConfig(1, 2, 16, 24, 4104);
  Weights weights = randomWeights(config);
  for (float &value : weights.tensor("wte.weight").subspan(4096 * 16))
    value *= 100;
  std::filesystem::create_directory(folder);
  writeConfig(folder / "config.json", config);
  SafetensorsFile::of(weights, ElementType::F32)
      .write(folder / "model.safetensors");
}

TEST_F(ProgramRun, NeverChoosesWhatIsNoToken) {
  std::filesystem::path folder = directory / "padded";
  writePadded(folder);
  std::string model = "--model=" + folder.string();
  // Of ids it is not known which are tokens.
  EXPECT_THAT(run({model, ids("3\n"), "--greedy", "--max-new-tokens=4"}).out,
              ContainsRegex("410[0-3]|409[6-9]"));
  for (const char *file : {"encoder.json", "vocab.bpe"})
    std::filesystem::copy(std::filesystem::path(paths::embeddedModel()) / file,
                          folder / file);
  writeFile(directory / "prompts.txt", {"Once upon\nThe king\n"});
  for (const char *choice : {"--greedy", "--top-k=0"})
    for (std::string prompt :
         {std::string("Once"),
          "--prompts=" + (directory / "prompts.txt").string()}) {
      ProgramResult result =
          run({model, choice, "--max-new-tokens=12", prompt});
      EXPECT_EQ(result.exitCode, 0) << result.err;
    }
}

TEST_F(ProgramRun, TakesAnotherTokenizer) {
  std::filesystem::path folder = directory / "padded";
  writePadded(folder);
  std::string model = "--model=" + folder.string();
  // That there is none is found before anything is compiled.
  EXPECT_THAT(errorOf({model, "Once"}), HasSubstr("no tokenizer here"));
  EXPECT_FALSE(std::filesystem::exists(directory / "cache"));
  std::string tokenizer = "--tokenizer=" + std::string(paths::embeddedModel());
  std::vector<std::string> arguments = {
      model, tokenizer, "--greedy", "--max-new-tokens=3", "<|endoftext|>Once"};
  ProgramResult result = run(arguments);
  EXPECT_EQ(result.exitCode, 0) << result.err;
  EXPECT_THAT(result.out, StartsWith("<|endoftext|>Once"));
  // Thirteen characters in the place of one token: another text follows.
  arguments.push_back("--no-special");
  ProgramResult spelt = run(arguments);
  EXPECT_EQ(spelt.exitCode, 0) << spelt.err;
  EXPECT_THAT(spelt.out, StartsWith("<|endoftext|>Once"));
  EXPECT_NE(spelt.out, result.out);
  EXPECT_THAT(errorOf({model, tokenizer, ids("1")}),
              HasSubstr("--tokenizer goes with text"));
  EXPECT_THAT(errorOf({"--no-special", ids("1")}),
              HasSubstr("--no-special goes with text"));
}

} // namespace
