//===- tune_test.cpp - Schedules with other numbers ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "chapter/conformance/program_test.h"
#include "chapter/tune.h"
#include "compiler/schedule/tuning.h"

#include <regex>

using namespace gpt2;
using namespace gpt2::testing;
using ::testing::HasSubstr;
using ::testing::Not;

namespace {

struct TunedTest : ::testing::TestWithParam<std::string> {
  TemporaryDirectory directory;
};

// What a schedule offers --tune works: the first of each knob's options, the
// second of each, and so on.
TEST_P(TunedTest, OtherNumbersComputeTheSame) {
  std::filesystem::path own;
  for (const std::filesystem::path &file : tested().chapter.schedules)
    if (file.stem() == GetParam())
      own = file;
  std::vector<Knob> knobs = tunableKnobs(own);
  ASSERT_EQ(knobs.size(), 6u);
  size_t most = 0;
  for (const Knob &knob : knobs)
    most = std::max(most, knob.options.size());
  Config config = makeConfig(1, 3, 192, 150, 333);
  Weights weights = randomWeights(config);
  Build build(tested().chapter, config);
  build.schedule = directory / "schedule.mlir";
  for (size_t i = 0; i < most; ++i) {
    Numbers numbers;
    for (const Knob &knob : knobs)
      numbers[knob.name] = knob.options[i % knob.options.size()];
    writeFile(build.schedule, {withNumbers(own, numbers)});
    Executable program = compiled(build);
    for (int64_t count : {1, 65, 150}) {
      std::vector<int32_t> tokens = someTokens(config, count);
      std::vector<float> logits = logitsOf(program, weights, tokens, count);
      auto expected = reference::forward(weights, tokens, count);
      EXPECT_TRUE(compareLogits(logits, expected, config).within)
          << count << " tokens, numbers " << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, TunedTest,
                         ::testing::Values("avx512", "avx2", "portable"),
                         [](const auto &info) { return info.param; });

struct TuneRun : ProgramRun {
  std::filesystem::path seen = directory / "seen.json";

  Build build{tested().chapter,
              Checkpoint::open(paths::embeddedModel())->config()};

  /// Where runs of the embedded model find what was tuned, in a folder that is
  /// there.
  std::filesystem::path kept(int threads) {
    std::filesystem::path file = tunedPath(build, threads, directory / "cache");
    std::filesystem::create_directories(file.parent_path());
    return file;
  }

  /// The schedule for this CPU, but no knob has other options, except that of
  /// keys, which has `options`.
  std::string scheduleWith(const std::string &options) {
    std::string text = readFile(build.scheduleFiles().front());
    text = std::regex_replace(
        text, std::regex(R"((knob<"keys"> = (\d+) from options = )\[.*\])"),
        "$1" + options);
    text = std::regex_replace(
        text,
        std::regex(R"((knob<"(?!keys)\w+"> = )(\d+) from options = \[.*\])"),
        "$1$2 from options = [$2]");
    writeFile(directory / "own.mlir", {text});
    return "--schedule=" + (directory / "own.mlir").string();
  }
};

// How fast something is, is not for a test: all it may find is written down,
// and it ends.
TEST_F(TuneRun, WritesWhatItSaw) {
  ProgramResult result =
      run({"--tune=" + seen.string(), scheduleWith("[2, $2]")});
  ASSERT_EQ(result.exitCode, 0) << result.err;
  nlohmann::json json = nlohmann::json::parse(readFile(seen));
  EXPECT_EQ(json["threads"], 1);
  EXPECT_EQ(json["weights"], "F32");
  EXPECT_EQ(json["complete"], true);
  ASSERT_EQ(json["trials"].size(), 2u);
  EXPECT_EQ(json["trials"][1]["numbers"]["keys"], 2);
  for (const auto &trial : json["trials"]) {
    EXPECT_GT(trial["prompt"], 0);
    EXPECT_GT(trial["token"], 0);
    EXPECT_GT(trial["own_prompt"], 0);
    EXPECT_GT(trial["own_token"], 0);
  }
  // What is better than a schedule that was named is to be named itself.
  EXPECT_EQ(result.out.find("with --schedule=") != std::string::npos,
            json["best"] == 1)
      << result.out;
  result =
      run({"a", scheduleWith("[2, $2]"), "--greedy", "--max-new-tokens=2"});
  EXPECT_EQ(result.exitCode, 0) << result.err;
  EXPECT_THAT(result.err, Not(HasSubstr("tuned")));
}

TEST_F(TuneRun, StopsInTime) {
  // What another one, at the same time, measures is not ours.
  std::filesystem::path trial = kept(1);
  trial.replace_extension(".trial.mlir");
  writeFile(trial, {"another's\n"});
  ProgramResult result = run({"--tune=" + seen.string(), "--tune-seconds=0"});
  ASSERT_EQ(result.exitCode, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("until the time was up"));
  EXPECT_THAT(result.out, HasSubstr("the best are its own: blocks "));
  nlohmann::json json = nlohmann::json::parse(readFile(seen));
  EXPECT_EQ(json["trials"].size(), 1u);
  EXPECT_EQ(json["complete"], false);
  EXPECT_EQ(readFile(trial), "another's\n");
}

TEST_F(TuneRun, WhatIsKeptIsForRunsLikeIt) {
  std::filesystem::path cache = directory / "cache", kept = this->kept(1);
  EXPECT_FALSE(tunedSchedule(build, 1, cache));
  writeFile(kept, {"no schedule\n"});
  EXPECT_EQ(tunedSchedule(build, 1, cache), kept);
  EXPECT_FALSE(tunedSchedule(build, 2, cache));
  EXPECT_FALSE(tunedSchedule(build.forModel(Config()), 1, cache));
  std::vector<std::string> arguments = {"a", "--greedy", "--max-new-tokens=2"};
  EXPECT_THAT(errorOf(arguments), HasSubstr(kept.filename().string()));
  auto with = [&](std::vector<std::string> more) {
    more.insert(more.end(), arguments.begin(), arguments.end());
    return run(more);
  };
  for (std::vector<std::string> other :
       {std::vector<std::string>{"--weights=bf16"},
        {"--kv=bf16"},
        {scheduleWith("[$2]")},
        {"--schedule=" + build.scheduleFiles().front().string()}}) {
    ProgramResult result = with(other);
    EXPECT_EQ(result.exitCode, 0) << result.err;
    EXPECT_THAT(result.err, Not(HasSubstr("tuned")));
  }
}

// What prints a program prints the one that runs, and says what it is of.
TEST_F(TuneRun, WhatIsPrintedSaysThatItIsTuned) {
  std::filesystem::path own = build.scheduleFiles().front();
  Numbers numbers;
  for (const Knob &knob : tunableKnobs(own)) // one that is not its own
    numbers[knob.name] = knob.options.front() == knob.selected
                             ? knob.options.back()
                             : knob.options.front();
  writeFile(kept(1), {withNumbers(own, numbers)});
  std::string said = "schedule: tuned, " + kept(1).string();
  for (std::string look : {"--emit=vectors", "--score"}) {
    ProgramResult tuned = run({look});
    EXPECT_EQ(tuned.exitCode, 0) << tuned.err;
    EXPECT_THAT(tuned.err, HasSubstr(said));
    ProgramResult named = run({look, "--schedule=" + kept(1).string()});
    EXPECT_EQ(named.out, tuned.out);
    EXPECT_THAT(named.err, Not(HasSubstr("tuned,")));
    ProgramResult plain = run({look, "--schedule=" + own.string()});
    EXPECT_NE(plain.out, tuned.out);
    EXPECT_EQ(
        plain.out,
        runProgram(tested().program, {look, "--device=cpu", "--no-cache"}).out);
    EXPECT_THAT(plain.err, Not(HasSubstr("tuned,")));
  }
  EXPECT_THAT(run({"--emit=help"}).err, Not(HasSubstr("tuned,")));
  EXPECT_THAT(run({"--describe"}).err, Not(HasSubstr("tuned,")));
}

// A library is for other CPUs than the one that was measured.
TEST_F(TuneRun, LibrariesHaveTheScheduleOfTheirCpu) {
  writeFile(kept(1), {"no schedule\n"});
  ProgramResult result =
      run({"--aot=" + (directory / "program.so").string(), "--chip=sm_90"});
  EXPECT_EQ(result.exitCode, 0) << result.err;
}

TEST_F(TuneRun, RefusesWhatHasNoUse) {
  std::string tune = "--tune=" + seen.string();
  EXPECT_THAT(errorOf({tune, scheduleWith("[$2]")}),
              HasSubstr("no number to tune: give a knob several options"));
  EXPECT_THAT(errorOf({tune, scheduleWith("[$2, \"none\"]")}),
              HasSubstr("the knob \"keys\": expected numbers above 0"));
  EXPECT_THAT(errorOf({tune, "--tune-seconds=-1"}),
              HasSubstr("--tune-seconds=-1: expected 0 or more"));
  ProgramResult result = runProgram(tested().program, {tune, "--no-cache"});
  EXPECT_EQ(result.exitCode, 1);
  EXPECT_THAT(result.err, HasSubstr("--no-cache keeps nothing"));
  EXPECT_FALSE(std::filesystem::exists(seen));
}

} // namespace
