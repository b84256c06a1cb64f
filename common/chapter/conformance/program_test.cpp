//===- program_test.cpp - A chapter's program, as a user runs it --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "chapter/conformance/program_test.h"
#include "model/tokenizer/tokenizer.h"
#include "run/kernel_checks.h"

#include <algorithm>
#include <cstring>

using namespace gpt2;
using namespace gpt2::testing;

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

namespace {

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
  Config config = Checkpoint::open(paths::embeddedModel())->config();
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
  auto checkpoint = Checkpoint::open(paths::embeddedModel());
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
    EXPECT_THAT(readFile(file),
                HasSubstr(all ? "'shape': (3, 4096)" : "'shape': (1, 4096)"));
    std::vector<float> logits = readLogits(file, (all ? 3 : 1) * config.vocab);
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
  config.endOfText = {std::stoi(four)};
  writeConfig(directory / "model/config.json", config);
  EXPECT_EQ(run(arguments).out, "");
  arguments.push_back("--ignore-end");
  EXPECT_EQ(run(arguments).out, four);
}

// Against the judge's logits, from the definition.
TEST_F(ProgramRun, TellsTheLossOfAText) {
  std::string text = "Once upon a time there was a king who had three sons.";
  std::filesystem::path file = directory / "text.txt";
  writeFile(file, {text});
  ProgramResult result = run({"--loss=" + file.string()});
  EXPECT_EQ(result.exitCode, 0) << result.err;
  auto checkpoint = Checkpoint::open(paths::embeddedModel());
  std::vector<int32_t> ids = checkpoint->loadTokenizer().encode(text);
  auto count = static_cast<int64_t>(ids.size()) - 1;
  reference::Vector logits = reference::forward(
      checkpoint->load(), std::span(ids).first(ids.size() - 1), count);
  auto vocab = static_cast<size_t>(checkpoint->config().vocab);
  double loss = 0;
  for (size_t i = 0; i + 1 < ids.size(); ++i) {
    double sum = 0;
    for (size_t v = 0; v < vocab; ++v)
      sum += std::exp(logits[i * vocab + v]);
    loss += std::log(sum) - logits[i * vocab + static_cast<size_t>(ids[i + 1])];
  }
  double told = 0;
  long long tokens = 0;
  ASSERT_EQ(std::sscanf(result.out.c_str(),
                        "loss %lf nats a token, of %lld tokens", &told,
                        &tokens),
            2)
      << result.out;
  EXPECT_NEAR(told, loss / static_cast<double>(count), 1e-4);
  EXPECT_EQ(tokens, count);

  EXPECT_THAT(errorOf({"--loss=/no/such"}), HasSubstr("/no/such"));
  writeFile(file, {"a"});
  EXPECT_THAT(errorOf({"--loss=" + file.string()}),
              HasSubstr("two tokens or more: the text has 1"));
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
  ProgramResult result = runProgram(tested().runner, arguments);
  EXPECT_EQ(result.exitCode, 0) << result.err;
  EXPECT_EQ(result.out, expected);
  EXPECT_THAT(result.err, HasSubstr("program: " + tested().chapter.name));
  EXPECT_THAT(result.err, HasSubstr("open "));

  auto refused = [&](std::vector<std::string> arguments) {
    ProgramResult result = runProgram(tested().runner, arguments);
    EXPECT_EQ(result.exitCode, 1);
    EXPECT_EQ(result.out, "");
    return result.err;
  };
  EXPECT_THAT(refused({library, "--model=random-124m"}),
              HasSubstr("with layers 5, and this one has 12"));
  EXPECT_THAT(refused({library, "--device=tpu"}), HasSubstr("--device=tpu"));
  EXPECT_THAT(refused({library, "--top-k=many"}), HasSubstr("--top-k=many"));
  for (const char *option : {"--seed=-1", "--temperature=", "--top-p=nan",
                             "--top-k=0x10", "--max-new-tokens=1e3"})
    EXPECT_THAT(refused({library, option}), HasSubstr("expected a "));
  EXPECT_THAT(refused({library, "--greedy", "--temperature=1"}),
              HasSubstr("not both"));
  std::string whole = readFile(library), part = directory / "part.so";
  for (size_t size : {size_t{0}, size_t{3}, size_t{50}, size_t{200},
                      whole.size() / 2, whole.size() - 1}) {
    writeFile(part, {std::string_view(whole).substr(0, size)});
    EXPECT_THAT(refused({part, "a"}), HasSubstr("no library: " + part));
  }
  // One that an earlier version of the compiler wrote.
  std::string earlier = whole;
  size_t version = earlier.find("\"abi\":");
  ASSERT_NE(version, std::string::npos);
  earlier[version + 6] = '0';
  writeFile(part, {earlier});
  EXPECT_THAT(refused({part, "a"}),
              HasSubstr("written for version 0 of what programs and gpt2-run "
                        "agree on"));
  EXPECT_THAT(refused({directory.path, "a"}), HasSubstr("is a folder"));
  writeFile(part, {"#!/bin/sh\n"});
  EXPECT_THAT(refused({part, "a"}), HasSubstr("writes with --aot"));
  EXPECT_THAT(refused({library, "a", ids("1")}), HasSubstr("not both"));
  EXPECT_THAT(refused({tested().program}), HasSubstr("error: no library: "));
  EXPECT_THAT(refused({}), HasSubstr("which library?"));
  // The whole file or none.
  EXPECT_THAT(errorOf({"--aot=" + (directory / "no/program.so").string()}),
              HasSubstr("no/program.so: cannot write"));
}

TEST_F(ProgramRun, ChecksKernelsAheadOfTime) {
  std::string library = directory / "kernels.so";
  bool hasKernels = tested().chapter.hasKernels() || tested().chapter.onGpu;
  if (!hasKernels) {
    EXPECT_THAT(errorOf({"--aot-kernels=" + library}),
                HasSubstr("has no kernels for a GPU"));
    return;
  }
  ProgramResult written = run({"--aot-kernels=" + library, "--chip=sm_90"});
  ASSERT_EQ(written.exitCode, 0) << written.err;
  std::string report = directory / "report.json";
  ProgramResult checked = runProgram(
      tested().runner, {library, "--device=emulator", "--report=" + report});
  EXPECT_EQ(checked.exitCode, 0) << checked.out << checked.err;
  auto about = nlohmann::json::parse(readFile(report));
  EXPECT_EQ(about.at("chapter"), tested().chapter.name);
  size_t sizes = kernelSizesFor(ElementType::F32).size();
  EXPECT_GE(about.at("kernels").size(), 9 * sizes);
  EXPECT_EQ(std::count(checked.out.begin(), checked.out.end(), '\n'),
            static_cast<ptrdiff_t>(about.at("kernels").size()) + 1);
  for (const auto &kernel : about.at("kernels"))
    EXPECT_TRUE(kernel.at("within")) << kernel;
}

TEST_F(ProgramRun, CompilesForTheChipsThatAreNamed) {
  if (!tested().chapter.hasKernels())
    return;
  std::string aot = "--aot=" + (directory / "program.so").string();
  ProgramResult both = run({aot, "--chip=sm_90,gfx942"});
  EXPECT_EQ(both.exitCode, 0) << both.err;
  EXPECT_THAT(both.err, HasSubstr("compiling for gpu_sm_90\n"));
  EXPECT_THAT(both.err, HasSubstr("compiling for gpu_gfx942\n"));
  EXPECT_THAT(both.err, Not(HasSubstr("gpu_sm_80")));
  EXPECT_THAT(errorOf({"a", "--chip=sm_90,gfx942"}),
              HasSubstr("several go with --aot"));
  // A pipeline is for one of them.
  std::string pipeline = directory / "pipeline";
  writeFile(pipeline, {run({"--emit=pipeline", "--chip=sm_90"}).out});
  EXPECT_THAT(errorOf({aot, "--pipeline=" + pipeline, "--chip=sm_80,sm_90"}),
              HasSubstr("--pipeline is for one chip"));
  ProgramResult own = run({aot, "--pipeline=" + pipeline, "--chip=sm_90"});
  EXPECT_EQ(own.exitCode, 0) << own.err;
}

TEST_F(ProgramRun, RefusesOptions) {
  EXPECT_THAT(
      errorOf({"a", "--device=tpu"}),
      HasSubstr("--device=tpu: " + tested().chapter.name + " runs on: "));
  EXPECT_THAT(errorOf({"a", "--threads=0"}), HasSubstr("--threads=0"));
  EXPECT_THAT(errorOf({"a", "--threads=9999"}), HasSubstr("--threads=9999"));
  EXPECT_THAT(errorOf({"a", "--max-new-tokens=-1"}), HasSubstr("-1"));
  EXPECT_THAT(errorOf({"a", "--temperature=-2"}), HasSubstr("--temperature"));
  EXPECT_THAT(errorOf({"a", "--top-p=0"}), HasSubstr("--top-p"));
  for (const char *option : {"--seed=-1", "--temperature=", "--top-p=nan",
                             "--top-k=0x10", "--max-new-tokens=1e3"})
    EXPECT_THAT(run({"a", option}).err, HasSubstr("expected a "));
  EXPECT_THAT(run({"a", "--seed=18446744073709551616"}).err,
              HasSubstr("does not fit"));
  EXPECT_THAT(errorOf({"a", "--report="}), HasSubstr("a file's name"));
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

TEST_F(ProgramRun, APromptIsAnyText) {
  std::string greedy = "--greedy", two = "--max-new-tokens=2";
  std::filesystem::path here = std::filesystem::current_path();
  std::filesystem::current_path(directory.path);
  writeFile("notes", {"--help"}); // no file of options
  for (std::vector<std::string> prompt : {std::vector<std::string>{"@notes"},
                                          {"--", "@notes"},
                                          {"--", "-x"},
                                          {"--", "--help"}}) {
    std::string text = prompt.back();
    prompt.insert(prompt.begin(), {greedy, two});
    ProgramResult result = run(prompt);
    EXPECT_EQ(result.exitCode, 0) << result.err;
    EXPECT_THAT(result.out, StartsWith(text));
  }
  std::filesystem::current_path(here);
}

TEST_F(ProgramRun, ReadsFromStdinAndPipes) {
  std::vector<std::string> common = {"--greedy", "--max-new-tokens=2"};
  auto with = [&](std::vector<std::string> more) {
    more.insert(more.end(), common.begin(), common.end());
    return more;
  };
  std::string expected = run(with({ids("5\n6\n")})).out;
  EXPECT_NE(expected, "");
  for (const char *name : {"-", "/dev/stdin"}) {
    ProgramResult result =
        runWith("5\r\n6\r\n", with({std::string("--token-ids=") + name}));
    EXPECT_EQ(result.out, expected) << result.err;
  }
  // Lines that end as Windows has them are the same prompts.
  std::string unixLines = runWith("Once\nThe king", with({"--prompts=-"})).out,
              lines =
                  runWith("Once\r\nThe king\r\n", with({"--prompts=-"})).out;
  EXPECT_THAT(unixLines, StartsWith("Once"));
  EXPECT_EQ(lines, unixLines);
  EXPECT_THAT(runWith("5 6\r\n7", with({"--prompt-ids=-"})).out,
              StartsWith("5 6 "));
  EXPECT_THAT(runWith("Once upon a time", {"--loss=-"}).out,
              StartsWith("loss "));
  ProgramResult both = runWith("5", {"--token-ids=-", "--pipeline=-"});
  EXPECT_EQ(both.exitCode, 1);
  EXPECT_THAT(both.err, HasSubstr("--token-ids and --pipeline both say -"));
  EXPECT_THAT(runWith("5 6 99999999999", with({"--prompt-ids=-"})).err,
              HasSubstr("standard input:1: \"99999999999\" is not a token id"));
  for (const char *option : {"--token-ids=", "--prompts=", "--loss="})
    EXPECT_THAT(errorOf({option + directory.path.string()}),
                HasSubstr("is a folder; expected a file"));
}

TEST_F(ProgramRun, SlidesBehindALongPrompt) {
  // Of one layer: a chapter without a cache computes the whole text anew.
  Config config = makeConfig(1, 2, 16, 8, 11);
  std::filesystem::create_directory(directory / "model");
  writeConfig(directory / "model/config.json", config);
  SafetensorsFile::of(randomWeights(config), ElementType::F32)
      .write(directory / "model/model.safetensors");
  std::vector<std::string> common = {
      "--model=" + (directory / "model").string(), "--greedy", "--ignore-end",
      "--context=slide", "--max-new-tokens=7"};
  auto with = [&](std::vector<std::string> more) {
    more.insert(more.end(), common.begin(), common.end());
    return more;
  };
  std::string half = run(with({ids("5\n6\n7\n8\n")})).out;
  ProgramResult whole = run(with({ids("1\n1\n1\n1\n1\n1\n5\n6\n7\n8\n")}));
  EXPECT_EQ(whole.exitCode, 0) << whole.err;
  EXPECT_EQ(whole.out, half);
  EXPECT_THAT(whole.err, HasSubstr("going on behind the newest 4"));
  std::string line = "1 1 1 1 1 1 5 6 7 8";
  ProgramResult batch =
      runWith(line + "\n3\n", with({"--prompt-ids=-", "--batch=2"}));
  std::replace(half.begin(), half.end(), '\n', ' ');
  EXPECT_THAT(batch.out, StartsWith(line + " " +
                                    half.substr(0, half.size() - 1) + "\n3 "));
  EXPECT_THAT(batch.err, HasSubstr("standard input:1: the prompt has 10"));
}

TEST_F(ProgramRun, StopsWhenNobodyReads) {
  // Without end, if it went on.
  std::string endless = std::string(tested().program) + " --no-cache " +
                        tested().option +
                        " --ignore-end --context=slide --max-new-tokens=" +
                        std::to_string(INT64_MAX) + " Once";
  ProgramResult full =
      runProgram("/bin/sh", {"-c", "timeout 100 " + endless + " >/dev/full"});
  EXPECT_EQ(full.exitCode, 1);
  EXPECT_THAT(full.err, HasSubstr("could not be written: No space left"));
  // With the signal ignored, as some who start programs leave it.
  ProgramResult closed =
      runProgram("/bin/sh", {"-c", "trap '' PIPE; { timeout 100 " + endless +
                                       "; echo $? >&2; } | head -c 1"});
  EXPECT_THAT(closed.err, HasSubstr("could not be written: Broken pipe\n1\n"));
}

TEST_F(ProgramRun, SaysWhatItCannotWrite) {
  for (const char *option : {"--emit=source", "--max-new-tokens=2"}) {
    ProgramResult full = runProgram(
        "/bin/sh", {"-c", std::string(tested().program) + " --no-cache " +
                              option + " >/dev/full"});
    EXPECT_EQ(full.exitCode, 1);
    EXPECT_THAT(full.err, HasSubstr("the output could not be written"));
  }
  writeFile(directory / "cache", {"a file where the folder should be"});
  ProgramResult uncached = run({"a", "--max-new-tokens=1"});
  EXPECT_EQ(uncached.exitCode, 0) << uncached.err;
  EXPECT_THAT(uncached.err, HasSubstr("cache: cannot make this folder: Not a "
                                      "directory; give --cache-dir DIR"));
  std::filesystem::remove(directory / "cache");
  EXPECT_THAT(
      errorOf({ids("1"), "--dump-logits=" + (directory / "no/l.npy").string()}),
      HasSubstr("no/l.npy: cannot write"));
}

} // namespace
