//===- program_test.cpp - A chapter's program, as a user runs it --------===//
#include "chapter/chapter_test.h"
#include "model/checkpoint.h"
#include "model/files.h"
#include "model/paths.h"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <cstring>

using namespace gpt2;
using namespace gpt2::testing;

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

namespace {

class ProgramRun : public ::testing::Test {
protected:
  TemporaryDirectory directory;

  ProgramResult run(std::vector<std::string> arguments) {
    arguments.push_back("--cache-dir=" + (directory / "cache").string());
    return runProgram(CHAPTER_PROGRAM, arguments);
  }

  /// The one line that a failure prints; nothing may come out before it.
  std::string errorOf(std::vector<std::string> arguments) {
    ProgramResult result = run(std::move(arguments));
    EXPECT_EQ(result.exitCode, 1) << result.err;
    EXPECT_EQ(result.out, "");
    size_t at = result.err.find("error: ");
    return at == std::string::npos ? result.err : result.err.substr(at);
  }

  std::string ids(const std::string &text) {
    writeFile(directory / "ids.txt", {text});
    return "--token-ids=" + (directory / "ids.txt").string();
  }
};

TEST_F(ProgramRun, ContinuesAPrompt) {
  std::vector<std::string> arguments = {"Once upon a time", "--seed=3",
                                        "--max-new-tokens=8"};
  ProgramResult first = run(arguments);
  EXPECT_EQ(first.exitCode, 0) << first.err;
  EXPECT_THAT(first.out, StartsWith("Once upon a time"));
  EXPECT_GT(first.out.size(), 25u);
  EXPECT_THAT(first.err, HasSubstr("fairy-tales"));
  EXPECT_THAT(first.err, HasSubstr("first token "));
  EXPECT_THAT(first.err, HasSubstr("(median of 7)"));
  EXPECT_THAT(first.err, Not(HasSubstr("(cached)")));
  // The same seed repeats the text, now from the cache; another does not.
  ProgramResult second = run(arguments);
  EXPECT_EQ(second.out, first.out);
  EXPECT_THAT(second.err, HasSubstr("(cached)"));
  arguments[1] = "--seed=4";
  EXPECT_NE(run(arguments).out, first.out);
}

TEST_F(ProgramRun, StartsWithoutAPrompt) {
  for (std::vector<std::string> prompt : {std::vector<std::string>{}, {""}}) {
    prompt.push_back("--max-new-tokens=5");
    ProgramResult result = run(prompt);
    EXPECT_EQ(result.exitCode, 0) << result.err;
    EXPECT_GT(result.out.size(), 3u);
  }
}

TEST_F(ProgramRun, StopsWhenTheContextIsFull) {
  Config config = Checkpoint::open(paths::embeddedModel)->config();
  std::string prompt;
  for (int64_t i = 0; i < config.context; ++i)
    prompt += "5\n";
  ProgramResult result = run({ids(prompt), "--greedy"});
  EXPECT_EQ(result.exitCode, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("tokens is full]"));
  EXPECT_THAT(errorOf({ids(prompt + "5\n")}),
              HasSubstr("the prompt has 513 tokens, the model's context 512"));
}

TEST_F(ProgramRun, DumpsLogits) {
  auto checkpoint = Checkpoint::open(paths::embeddedModel);
  const Config &config = checkpoint->config();
  std::vector<int32_t> tokens = {17, 4000, 3};
  reference::Vector expected =
      reference::forward(checkpoint->load(), tokens, 3);
  std::string file = directory / "logits.npy";
  for (bool all : {false, true}) {
    std::vector<std::string> arguments = {ids("17\n4000\n3\n"),
                                          "--dump-logits=" + file};
    if (all)
      arguments.push_back("--all-positions");
    ProgramResult result = run(arguments);
    ASSERT_EQ(result.exitCode, 0) << result.err;
    EXPECT_EQ(result.out, "");
    std::string bytes = readFile(file);
    EXPECT_THAT(bytes,
                HasSubstr(all ? "'shape': (3, 4096)" : "'shape': (1, 4096)"));
    std::vector<float> logits((all ? 3 : 1) * config.vocab);
    ASSERT_GT(bytes.size(), 4 * logits.size());
    std::memcpy(logits.data(), bytes.data() + bytes.size() - 4 * logits.size(),
                4 * logits.size());
    reference::Vector rows(expected.end() - logits.size(), expected.end());
    Comparison comparison = compareLogits(logits, rows, config);
    EXPECT_TRUE(comparison.within) << comparison.describe(0);
  }
}

TEST_F(ProgramRun, NeedsNoTokenizerForIds) {
  Config config = makeConfig(1, 2, 16, 8, 11);
  std::filesystem::create_directory(directory / "model");
  writeConfig(directory / "model/config.json", config);
  SafetensorsFile::of(randomWeights(config), ElementType::F32)
      .write(directory / "model/model.safetensors");
  std::string model = "--model=" + (directory / "model").string();
  ProgramResult result = run({model, ids("3\n"), "--max-new-tokens=4"});
  EXPECT_EQ(result.exitCode, 0) << result.err;
  EXPECT_THAT(errorOf({model, "text"}), HasSubstr("no tokenizer here"));
  EXPECT_THAT(errorOf({model, ids("11\n")}),
              HasSubstr("id 11; the vocabulary has ids 0 to 10"));
  EXPECT_THAT(errorOf({model, ids("x\n")}), HasSubstr("ids.txt:1: \"x\""));
  std::string dump = "--dump-logits=" + (directory / "l.npy").string();
  EXPECT_THAT(errorOf({model, ids(""), dump}), HasSubstr("no token ids"));
  EXPECT_FALSE(std::filesystem::exists(directory / "l.npy"));
}

TEST_F(ProgramRun, ReportsWhatARunTook) {
  std::string file = directory / "report.json", report = "--report=" + file;
  ProgramResult result =
      run({ids("3\n"), "--warm-up", "--max-new-tokens=3", report});
  ASSERT_EQ(result.exitCode, 0) << result.err;
  auto json = nlohmann::json::parse(readFile(file));
  std::vector<double> steps = json["steps"];
  ASSERT_EQ(steps.size(), 3u);
  double total = steps[0] + steps[1] + steps[2],
         inside = json["in_compiled_code"];
  EXPECT_GT(inside, 0);
  EXPECT_LT(inside, total);
  EXPECT_GT(json["compile"], 0);
  EXPECT_GT(json["load"], 0);
  EXPECT_EQ(json["from_cache"], false);
  run({ids("3\n"), "--max-new-tokens=0", report});
  EXPECT_EQ(nlohmann::json::parse(readFile(file))["from_cache"], true);
  // The score, as the library counts it.
  result = run({"--score", "--score-tokens=5", report});
  EXPECT_THAT(result.out, HasSubstr("prompt of 5"));
  json = nlohmann::json::parse(readFile(file));
  Config config = Checkpoint::open(paths::embeddedModel)->config();
  EXPECT_EQ(json["next"]["flops"],
            scoreOf(CHAPTER(), config, 6, 1 << 20).flops);
  EXPECT_LT(json["prompt"]["flops"], json["next"]["flops"]);
  EXPECT_THAT(errorOf({report, "--describe"}),
              HasSubstr("--report goes with a run"));
  EXPECT_THAT(errorOf({ids("3\n"), "--max-new-tokens=0", "--report=/proc/x"}),
              HasSubstr("/proc/x"));
}

TEST_F(ProgramRun, TimesKernels) {
  if (!CHAPTER().hasKernels()) {
    EXPECT_THAT(errorOf({"a", "--profile"}), HasSubstr("has no kernels"));
    EXPECT_THAT(errorOf({"a", "--chip=sm_90"}), HasSubstr("has no kernels"));
    return;
  }
  std::string file = directory / "report.json";
  ProgramResult result = run({ids("3\n"), "--max-new-tokens=2", "--profile",
                              "--device=emulator", "--report=" + file});
  ASSERT_EQ(result.exitCode, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("launches a token"));
  // As many launches as are counted in the program.
  Config config = Checkpoint::open(paths::embeddedModel)->config();
  auto counted = [&](int64_t tokens) {
    return scoreOf(CHAPTER(), config, tokens, 0).launches;
  };
  double launches = 0, seconds = 0;
  auto report = nlohmann::json::parse(readFile(file));
  for (const auto &kernel : report["kernels"]) {
    launches += kernel["launches"].get<double>();
    seconds += kernel["seconds"].get<double>();
  }
  EXPECT_EQ(launches, counted(1) + counted(2));
  EXPECT_GT(seconds, 0);
  EXPECT_LE(seconds, report["in_compiled_code"]);
}

TEST_F(ProgramRun, DescribesItself) {
  auto json = nlohmann::json::parse(run({"--describe"}).out);
  Config config = Checkpoint::open(paths::embeddedModel)->config();
  EXPECT_EQ(json["chapter"], CHAPTER().name);
  if (CHAPTER().parent) {
    EXPECT_EQ(json["parent"], CHAPTER().parent->name);
  } else {
    EXPECT_TRUE(json["parent"].is_null());
  }
  EXPECT_EQ(json["devices"].size(), CHAPTER().devices.size());
  EXPECT_EQ(json["max_threads"], CHAPTER().maxThreads);
  EXPECT_EQ(json["model"]["parameters"], config.parameters());
}

TEST_F(ProgramRun, GoesOnBehindTheEndIfAsked) {
  Config config = makeConfig(1, 2, 16, 8, 11);
  std::filesystem::create_directory(directory / "model");
  SafetensorsFile::of(randomWeights(config), ElementType::F32)
      .write(directory / "model/model.safetensors");
  std::vector<std::string> arguments = {
      "--model=" + (directory / "model").string(), ids("3\n"), "--greedy",
      "--max-new-tokens=4"};
  writeConfig(directory / "model/config.json", config);
  std::string four = run(arguments).out;
  // The same model, whose first new token now means the end.
  config.endOfText = std::stoi(four);
  writeConfig(directory / "model/config.json", config);
  EXPECT_EQ(run(arguments).out, "");
  arguments.push_back("--ignore-end");
  EXPECT_EQ(run(arguments).out, four);
}

TEST_F(ProgramRun, EmitsEveryState) {
  CompileRequest request = compileRequest(CHAPTER(), Sizes());
  ProgramResult help = run({"--emit=help"});
  for (const std::string &name : emitNames(request)) {
    EXPECT_THAT(help.out, HasSubstr(name + "\n"));
    ProgramResult result = run({"--emit=" + name});
    EXPECT_EQ(result.exitCode, 0) << result.err;
    EXPECT_THAT(result.out, HasSubstr(name == "pipeline" ? "== specialized"
                                      : name == "ptx"    ? "entry layernorm("
                                                         : "forward"));
  }
  EXPECT_THAT(run({"--emit=source"}).out, HasSubstr("tensor<?x?xf32>"));
  EXPECT_THAT(run({"--emit=llvm-ir"}).out, HasSubstr("target triple"));
  EXPECT_THAT(run({"--emit=asm"}).out, HasSubstr("_mlir_ciface_forward:"));
  EXPECT_THAT(errorOf({"--emit=ast"}),
              HasSubstr("--emit=ast: expected one of source specialized"));
}

TEST_F(ProgramRun, RunsAPipelineOfTheUsers) {
  std::string pipeline = run({"--emit=pipeline"}).out;
  std::string file = directory / "pipeline";
  std::vector<std::string> arguments = {"Once", "--seed=2",
                                        "--max-new-tokens=6"};
  std::string expected = run(arguments).out;
  arguments.push_back("--pipeline=" + file);
  writeFile(file, {pipeline});
  EXPECT_EQ(run(arguments).out, expected);
  // One stage more is one state more.
  size_t last = pipeline.rfind("== ");
  writeFile(file, {pipeline.substr(0, last), "== mine\ncse\n",
                   pipeline.substr(last)});
  EXPECT_THAT(run({"--emit=help", arguments.back()}).out, HasSubstr("mine\n"));
  writeFile(file, {pipeline, "== mine\nno-such-pass\n"});
  EXPECT_THAT(errorOf(arguments), HasSubstr("stage mine: "));
  EXPECT_THAT(errorOf(arguments), HasSubstr("no-such-pass"));
  writeFile(file, {"cse\n"});
  EXPECT_THAT(errorOf(arguments), HasSubstr("expected \"== NAME\""));
  writeFile(file, {"== mine\ncse\n"});
  EXPECT_THAT(errorOf(arguments), HasSubstr("expected the stage specialized"));
  EXPECT_THAT(errorOf({"Once", "--pipeline=/no/such/file"}),
              HasSubstr("/no/such/file"));
}

TEST_F(ProgramRun, ExplainsAKernel) {
  ProgramResult result = run({"--explain=gelu"});
  EXPECT_EQ(result.exitCode, 0) << result.err;
  EXPECT_THAT(result.out, StartsWith("@gelu in " + CHAPTER().name));
  EXPECT_THAT(result.out, HasSubstr("=== specialized: inline\n"));
  EXPECT_THAT(result.out, HasSubstr("\n-  func.func private @gelu("));
  EXPECT_THAT(result.out, HasSubstr("\n+"));
  EXPECT_THAT(result.out, Not(HasSubstr("@layernorm")));
  EXPECT_THAT(errorOf({"--explain=relu"}),
              HasSubstr("there is no kernel 'relu'; there are: embedding"));
}

TEST_F(ProgramRun, Scores) {
  ProgramResult result = run({"--score", "--score-tokens=7"});
  EXPECT_EQ(result.exitCode, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("prompt of 7"));
  for (const char *row : {"operations on floats", "bytes read", "temporaries",
                          "allocations", "loops, by depth"})
    EXPECT_THAT(result.out, HasSubstr(row));
  EXPECT_THAT(errorOf({"--score", "--score-tokens=100000"}),
              HasSubstr("more than the model's context"));
  EXPECT_THAT(errorOf({"--score", "--score-cache=-1"}),
              HasSubstr("--score-cache=-1"));
}

TEST_F(ProgramRun, ComparesVersions) {
  ProgramResult result = run({ids("3\n1\n4\n"), "--compare-with=reference"});
  EXPECT_EQ(result.exitCode, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("no kernel's results differ"));
  EXPECT_THAT(errorOf({ids("3\n"), "--compare-with=ch99"}),
              HasSubstr("--compare-with=ch99: expected reference"));
  EXPECT_THAT(errorOf({"a", "--compare-with=reference"}),
              HasSubstr("--compare-with needs --token-ids"));
}

TEST_F(ProgramRun, RunsAheadOfTime) {
  std::string library = directory / "program.so";
  ProgramResult written = run({"--aot=" + library});
  ASSERT_EQ(written.exitCode, 0) << written.err;
  EXPECT_EQ(written.out, "");
  std::vector<std::string> arguments = {"Once upon a time", "--greedy",
                                        "--max-new-tokens=6"};
  std::string expected = run(arguments).out;
  arguments.push_back(library);
  std::swap(arguments.front(), arguments.back());
  ProgramResult result = runProgram(RUN_PROGRAM, arguments);
  EXPECT_EQ(result.exitCode, 0) << result.err;
  EXPECT_EQ(result.out, expected);
  EXPECT_THAT(result.err, HasSubstr("program: " + CHAPTER().name));
  EXPECT_THAT(result.err, HasSubstr("open "));

  auto refused = [&](std::vector<std::string> arguments) {
    ProgramResult result = runProgram(RUN_PROGRAM, arguments);
    EXPECT_EQ(result.exitCode, 1);
    EXPECT_EQ(result.out, "");
    return result.err;
  };
  EXPECT_THAT(refused({library, "--model=random-124m"}),
              HasSubstr("with layers 5, and this one has 12"));
  EXPECT_THAT(refused({library, "--device=tpu"}), HasSubstr("--device=tpu"));
  EXPECT_THAT(refused({library, "--top-k=many"}), HasSubstr("--top-k=many"));
  EXPECT_THAT(refused({library, "a", ids("1")}), HasSubstr("not both"));
  EXPECT_THAT(refused({CHAPTER_PROGRAM}), HasSubstr("error: no library: "));
  EXPECT_THAT(refused({}), HasSubstr("which library?"));
  // The whole file or none.
  EXPECT_THAT(errorOf({"--aot=" + (directory / "no/program.so").string()}),
              HasSubstr("no/program.so: cannot write"));
}

TEST_F(ProgramRun, ShowsPassesAtWork) {
  // Also when the program is in the cache already.
  run({"a", "--max-new-tokens=1"});
  EXPECT_THAT(run({"a", "--max-new-tokens=1", "--mlir-timing"}).err,
              HasSubstr("OneShotBufferize"));
  EXPECT_THAT(
      run({"a", "--max-new-tokens=1", "--mlir-print-ir-after=inline"}).err,
      HasSubstr("IR Dump After Inliner"));
  std::string tree = directory / "tree";
  run({"a", "--max-new-tokens=1", "--mlir-print-ir-after-all",
       "--mlir-print-ir-tree-dir=" + tree});
  EXPECT_TRUE(std::filesystem::exists(tree));
}

TEST_F(ProgramRun, RefusesOptions) {
  EXPECT_THAT(errorOf({"a", "--device=tpu"}),
              HasSubstr("--device=tpu: " + CHAPTER().name + " runs on: "));
  EXPECT_THAT(errorOf({"a", "--threads=0"}), HasSubstr("--threads=0"));
  EXPECT_THAT(errorOf({"a", "--threads=9999"}), HasSubstr("--threads=9999"));
  EXPECT_THAT(errorOf({"a", "--max-new-tokens=-1"}), HasSubstr("-1"));
  EXPECT_THAT(errorOf({"a", "--temperature=-2"}), HasSubstr("--temperature"));
  EXPECT_THAT(errorOf({"a", "--top-p=0"}), HasSubstr("--top-p"));
  EXPECT_THAT(errorOf({"a", "--greedy", "--temperature=1"}),
              HasSubstr("not both"));
  EXPECT_THAT(errorOf({"a", "--dump-logits=x.npy"}),
              HasSubstr("needs --token-ids"));
  EXPECT_THAT(errorOf({"a", "--all-positions"}),
              HasSubstr("needs --dump-logits"));
  EXPECT_THAT(errorOf({"a", ids("1")}), HasSubstr("not both"));
  EXPECT_THAT(errorOf({"a", "--model=/no/such"}), HasSubstr("no such model"));
  EXPECT_THAT(errorOf({"--token-ids=/no/such"}), HasSubstr("cannot open"));
  EXPECT_THAT(errorOf({"a", "--no-such-option"}),
              HasSubstr("--no-such-option"));
}

TEST_F(ProgramRun, SaysWhatItCannotWrite) {
  for (const char *option : {"--emit=source", "--max-new-tokens=2"}) {
    ProgramResult full = runProgram(
        "/bin/sh", {"-c", std::string(CHAPTER_PROGRAM) + " --no-cache " +
                              option + " >/dev/full"});
    EXPECT_EQ(full.exitCode, 1);
    EXPECT_THAT(full.err, HasSubstr("the output could not be written"));
  }
  writeFile(directory / "cache", {"a file where the folder should be"});
  EXPECT_THAT(errorOf({"a"}), HasSubstr("cache cannot be written"));
  std::filesystem::remove(directory / "cache");
  EXPECT_THAT(
      errorOf({ids("1"), "--dump-logits=" + (directory / "no/l.npy").string()}),
      HasSubstr("no/l.npy: cannot write"));
}

} // namespace
