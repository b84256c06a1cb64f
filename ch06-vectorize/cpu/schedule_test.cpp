//===- schedule_test.cpp - Schedules, threads, and what they compute ----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "chapter/conformance/chapter_test.h"
#include "compiler/schedule/schedule.h"
#include "device/host_device.h"
#include "support/error.h"
#include "support/files.h"
#include "testing/messages.h"

#include <gmock/gmock.h>

#include <sstream>

using namespace gpt2;
using namespace gpt2::testing;
using ::testing::AllOf;
using ::testing::HasSubstr;

namespace {

Build withSchedule(const std::string &name, const Config &config = Config()) {
  Build build(tested().chapter, config);
  for (const std::filesystem::path &file : tested().chapter.schedules)
    if (file.stem() == name)
      build.schedule = file;
  EXPECT_FALSE(build.schedule.empty()) << name;
  return build;
}

TEST(Schedule, IsThatOfTheCpu) {
  const auto &all = tested().chapter.schedules;
  EXPECT_EQ(scheduleFor(all, "x86-64").stem(), "portable");
  EXPECT_EQ(scheduleFor(all, "x86-64-v3").stem(), "avx2");
  EXPECT_EQ(scheduleFor(all, "x86-64-v4").stem(), "avx512");
}

struct SchedulesTest : ::testing::TestWithParam<const char *> {};

// On this CPU, whatever CPU it is for.
TEST_P(SchedulesTest, ComputesWhatTheReferenceDoes) {
  // Whole tiles and panels; several blocks of queries and keys.
  Config config = makeConfig(2, 3, 192, 150, 320);
  Executable program = compiled(withSchedule(GetParam(), config));
  Weights weights = randomWeights(config);
  for (int64_t count : {1, 2, 7, 31, 32, 33, 63, 64, 65, 150}) {
    std::vector<int32_t> tokens = someTokens(config, count);
    std::vector<float> logits = logitsOf(program, weights, tokens, count);
    auto expected = reference::forward(weights, tokens, count);
    EXPECT_TRUE(compareLogits(logits, expected, config).within)
        << count << " tokens";
  }
}

INSTANTIATE_TEST_SUITE_P(All, SchedulesTest,
                         ::testing::Values("avx512", "avx2", "portable"),
                         [](const auto &info) { return info.param; });

/// The lines of @prefill in `text` that no scf.parallel encloses.
std::vector<std::string> outsideOfParallelLoops(const std::string &text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  std::string line, end;
  bool isPrefill = false;
  while (std::getline(stream, line)) {
    size_t indent = line.find_first_not_of(' ');
    if (line.find("func.func") != std::string::npos)
      isPrefill = line.find("@prefill(") != std::string::npos;
    if (!end.empty()) {
      if (line.starts_with(end))
        end.clear();
    } else if (line.find("scf.parallel") != std::string::npos) {
      end = std::string(indent, ' ') + "}";
    } else if (isPrefill) {
      lines.push_back(line);
    }
  }
  return lines;
}

// What is drawn into threads' tiles must not be left before them, for somebody
// who only asks how large it is.
TEST(Threads, DivideAllThatIsComputed) {
  for (ElementType weights :
       {ElementType::F32, ElementType::BF16, ElementType::I8}) {
    Build build(tested().chapter, Config());
    build.formats.weights = weights;
    std::vector<std::string> computed;
    for (const std::string &line :
         outsideOfParallelLoops(emit(compileRequest(build), "loops")))
      if (line.find("arith.addf") != std::string::npos ||
          line.find("arith.subf") != std::string::npos ||
          line.find("arith.maximumf") != std::string::npos)
        computed.push_back(line);
    // Of the embedding: wte's row and wpe's.
    EXPECT_EQ(computed.size(), 1u) << nameOf(weights) << ":\n"
                                   << ::testing::PrintToString(computed);
  }
}

TEST(Threads, ComputeTheSameToTheBit) {
  Config config = makeConfig(2, 3, 192, 70, 320);
  Executable program = compileFor(config);
  Weights weights = randomWeights(config);
  for (int64_t count : {1, 9, 70}) {
    std::vector<int32_t> tokens = someTokens(config, count);
    useThreads(1);
    std::vector<float> alone = logitsOf(program, weights, tokens, count);
    for (int threads : {2, 3, 5}) {
      useThreads(threads);
      EXPECT_EQ(logitsOf(program, weights, tokens, count), alone)
          << threads << " threads, " << count << " tokens";
    }
  }
  useThreads(1);
}

TEST(Schedule, AFailingTransformShowsItsLine) {
  Build build = withSchedule("portable");
  std::string text = readFile(build.schedule);
  std::string wrong = "    %loop = transform.get_parent_op %program "
                      "{op_name = \"scf.for\"} : (!op) -> !op\n";
  text.insert(text.find("    transform.include @schedule_program"), wrong);
  std::filesystem::path file =
      std::filesystem::path(::testing::TempDir()) / "wrong.mlir";
  writeFile(file, {text});
  build.schedule = file;
  std::string message =
      messageOf([&] { (void)compileToObject(compileRequest(build)); });
  EXPECT_THAT(message, HasSubstr("wrong.mlir:"));
  EXPECT_THAT(message, HasSubstr("%loop = transform.get_parent_op %program"));
}

TEST(Schedule, SaysWhatItLacks) {
  std::filesystem::path file =
      std::filesystem::path(::testing::TempDir()) / "empty.mlir";
  writeFile(file, {"module {}\n"});
  EXPECT_THAT(messageOf([&] { (void)numberIn(file, "rows"); }),
              HasSubstr("%rows = transform.tune.knob<\"rows\">"));
  EXPECT_THAT(messageOf([&] { (void)scheduleFor({file}, "x86-64"); }),
              HasSubstr("gpt2.features"));
  // A misspelt attribute, at its line.
  std::filesystem::path misspelt =
      std::filesystem::path(::testing::TempDir()) / "misspelt.mlir";
  writeFile(misspelt, {"\nmodule attributes {gpt2.featuers = \"avx2\"} {}\n"});
  EXPECT_THAT(messageOf([&] { (void)scheduleFor({misspelt}, "x86-64"); }),
              AllOf(HasSubstr("misspelt.mlir:2:1"),
                    HasSubstr("no attribute gpt2.featuers belongs to a module; "
                              "there are: gpt2.features, gpt2.chips")));
  EXPECT_THAT(
      messageOf([&] {
        (void)scheduleFor({withSchedule("avx512").schedule}, "x86-64");
      }),
      HasSubstr("no schedule is for this CPU, x86-64; there are: avx512"));
  EXPECT_THAT(messageOf([&] { (void)dotProductLanes(file, "x86-64-v4"); }),
              HasSubstr("no gpt2.dot_product_lanes = 4, 8 or 16"));
  std::filesystem::path wide = withSchedule("avx512").schedule;
  EXPECT_EQ(dotProductLanes(wide, "x86-64-v4"), 16);
  EXPECT_THAT(messageOf([&] { (void)dotProductLanes(wide, "alderlake"); }),
              HasSubstr("registers of this CPU hold 8"));
}

} // namespace
