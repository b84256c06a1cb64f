//===- matrix_units_test.cpp - GPT-2 by a GPU's matrix units ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "chip_builds.h"

#include "chapter/ahead_of_time.h"
#include "chapter/conformance/on_this_gpu.h"
#include "compiler/passes/gpu/matrix_units.h"
#include "compiler/schedule/schedule.h"
#include "run/sequence.h"
#include "support/files.h"
#include "testing/gpu_assembly.h"
#include "testing/messages.h"

#include <gmock/gmock.h>

#include <numeric>

using namespace gpt2;
using namespace gpt2::testing;
using ::testing::HasSubstr;

namespace {

Executable programFor(const Build &build, const Config &config) {
  return compiled(build.forModel(config));
}

struct OnUnits : ::testing::TestWithParam<const char *> {};

TEST_P(OnUnits, LogitsAtEveryPosition) {
  // Heads of 16, 32 and 64 channels; tokens that do not fill a block, and more
  // than one block of them; columns that are no multiple of 64.
  for (const Config &config :
       {makeConfig(1, 1, 16, 37, 101), makeConfig(2, 3, 96, 70, 101),
        makeConfig(1, 2, 128, 131, 53)}) {
    Weights weights = randomWeights(config), rounded = randomWeights(config);
    roundMatrices(rounded, ElementType::BF16);
    Executable program = programFor(buildFor(GetParam()), config);
    for (int64_t count : {int64_t{1}, int64_t{2}, config.context}) {
      std::vector<int32_t> tokens = someTokens(config, count);
      std::vector<float> logits = logitsOf(program, weights, tokens, count);
      auto expected = reference::forward(rounded, tokens, count);
      double tolerance = roundedFactorsTolerance(config, largestOf(expected));
      Comparison near = compare(logits, expected, tolerance);
      EXPECT_TRUE(near.within) << count << ": " << near.describe(tolerance);
      // One token is not: there is nothing to multiply matrices for.
      EXPECT_EQ(compareLogits(logits, expected, config).within, count == 1);
    }
  }
}

// What the model rounds, the reference rounds here: then nothing is left but
// the order of sums.
TEST_P(OnUnits, KernelsAlone) {
  bool anyRounds = false;
  for (const KernelSizes &sizes : kernelSizesFor(ElementType::BF16)) {
    CheckedKernels checked = checkedKernels(buildFor(GetParam()), sizes);
    Executable program = load(compileToObject(checked.request).bytes);
    EXPECT_EQ(program.matrixType(), ElementType::BF16);
    for (const KernelCheck &check :
         KernelChecks(program, sizes, checked.roundsFactors).all())
      EXPECT_TRUE(check.comparison.within)
          << sizes.name() << ", " << check.kernel << ": "
          << check.comparison.describe(check.tolerance);
    if (!checked.roundsFactors)
      continue;
    anyRounds = true;
    // It would notice if factors were not rounded, or more than they were; the
    // bound of longer sums is a wide one.
    EXPECT_EQ(KernelChecks(program, sizes).linear().comparison.within,
              sizes.K > 1000)
        << sizes.name();
  }
  EXPECT_TRUE(anyRounds);
}

// Runs of several sequences in one block, one of which goes on in the next, are
// computed as each alone, to the bit.
TEST_P(OnUnits, TokensOfManySequences) {
  Config config = makeConfig(2, 2, 64, 80, 101);
  for (ElementType cache : {ElementType::F32, ElementType::BF16}) {
    Build build = buildFor(GetParam(), ElementType::BF16, cache);
    Executable program = programFor(build, config);
    Weights weights = randomWeights(config);
    Forward forward(program, weights, 3);
    auto vocab = static_cast<size_t>(config.vocab);
    struct Text {
      size_t before, added;
      std::vector<int32_t> tokens;
      int32_t place;
      std::vector<float> alone;
    };
    std::vector<Text> texts = {
        {10, 20, {}, 0, {}}, {5, 40, {}, 0, {}}, {0, 16, {}, 0, {}}};
    std::vector<int32_t> ids, sequences, positions;
    for (Text &text : texts) {
      text.tokens =
          someTokens(config, static_cast<int64_t>(text.before + text.added));
      std::span<const int32_t> all = text.tokens;
      text.place = forward.open();
      auto take = [&](size_t first, size_t count) {
        std::vector<int32_t> place(count, text.place), where(count);
        std::iota(where.begin(), where.end(), static_cast<int32_t>(first));
        forward.compute({all.subspan(first, count), place, where}, count);
      };
      if (text.before > 0)
        take(0, text.before);
      take(text.before, text.added);
      text.alone.resize(text.added * vocab);
      forward.readLogits(text.alone);
      for (size_t i = text.before; i < all.size(); ++i) {
        ids.push_back(all[i]);
        sequences.push_back(text.place);
        positions.push_back(static_cast<int32_t>(i));
      }
    }
    forward.compute({ids, sequences, positions}, ids.size());
    std::vector<float> together(ids.size() * vocab);
    forward.readLogits(together);
    size_t row = 0;
    for (const Text &text : texts) {
      std::vector<float> own(together.begin() + row * vocab,
                             together.begin() + (row + text.added) * vocab);
      EXPECT_EQ(own, text.alone) << text.added << " behind " << text.before;
      row += text.added;
    }
  }
}

// How far a run of tokens goes decides how many keys there are for it.
TEST_P(OnUnits, ScoreCountsWhatTheyMultiply) {
  // By hand: a product and a sum for each weight and token, and for each pair
  // of tokens that sees one another and channel, twice; the logits. Tiles of 32
  // keys are whole, and weights in bf16.
  const Config config = makeConfig(3, 2, 128, 128, 128);
  const double T = 64, C = 128, L = 3, V = 128;
  const double matrices = 2 * (L * 12 * C * C * T + V * C);
  const double pairs = 2 * L * 2 * C * T * T;
  // As in ScoreOfForward; each pair twice for its weight, by lanes of which
  // half repeat others' if there are 64.
  const double rest = L * T * (30 * 4 * C + 4 * 10 * 2 * T);
  Score score = scoreOf(buildFor(GetParam()).forModel(config), 64, 1 << 20);
  EXPECT_GE(score.flops, matrices + pairs);
  EXPECT_LT(score.flops, matrices + pairs + rest);
  EXPECT_GE(score.bytesRead, 2 * (L * 12 * C * C + V * C));
  // Another token sees 64, and its own: what is not rounded is counted, too.
  Score next = scoreOf(buildFor(GetParam()).forModel(config), 1, 1 << 20, 64);
  EXPECT_GT(next.flops, 2 * (L * 12 * C * C + V * C) + 2 * L * 2 * C * 65);
  EXPECT_LT(next.flops, score.flops / 8);
}

INSTANTIATE_TEST_SUITE_P(Chips, OnUnits,
                         ::testing::Values("sm_90", "gfx942", "gfx1100"),
                         [](const auto &info) {
                           return std::string(info.param);
                         });

using OnThisGpu = OnThisGpuTest;

TEST_P(OnThisGpu, LogitsAtEveryPosition) {
  for (const Config &config :
       {makeConfig(1, 1, 16, 37, 101), makeConfig(2, 3, 96, 70, 101),
        makeConfig(2, 12, 768, 130, 50257)}) {
    Weights weights = randomWeights(config), rounded = randomWeights(config);
    roundMatrices(rounded, GetParam());
    Executable program = programFor(build, config);
    for (int64_t count : {int64_t{1}, config.context}) {
      std::vector<int32_t> tokens = someTokens(config, count);
      std::vector<float> logits = logitsOf(program, weights, tokens, count);
      auto expected = reference::forward(rounded, tokens, count);
      double tolerance = roundedFactorsTolerance(config, largestOf(expected));
      Comparison near = compare(logits, expected, tolerance);
      EXPECT_TRUE(near.within) << program.device().describe() << ", " << count
                               << ": " << near.describe(tolerance);
      // The same again: nothing depends on the order in which blocks run.
      EXPECT_EQ(logits, logitsOf(program, weights, tokens, count));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Weights, OnThisGpu,
                         ::testing::Values(ElementType::BF16),
                         [](const auto &info) {
                           return std::string(nameOf(info.param));
                         });

TEST(GpuSchedule, IsThatOfTheChip) {
  const auto &all = tested().chapter.schedules;
  for (auto [chip, name] : {std::pair("sm_80", "nvidia"),
                            {"sm_90", "nvidia"},
                            {"sm_90a", "nvidia"},
                            {"sm_120", "nvidia"},
                            {"gfx90a", "cdna"},
                            {"gfx942", "cdna"},
                            {"gfx950", "cdna"},
                            {"gfx1100", "rdna"},
                            {"gfx1151", "rdna"}}) {
    auto schedule = scheduleFor(all, GpuTarget::of(chip));
    ASSERT_TRUE(schedule) << chip;
    EXPECT_EQ(schedule->stem(), name) << chip;
    EXPECT_TRUE(hasMatrixUnits(GpuTarget::of(chip))) << chip;
  }
  for (const char *chip : {"sm_75", "gfx908", "gfx1030", "gfx1201"}) {
    EXPECT_FALSE(scheduleFor(all, GpuTarget::of(chip))) << chip;
    EXPECT_FALSE(hasMatrixUnits(GpuTarget::of(chip))) << chip;
  }
}

/// The chip's schedule with parts of `rows` x `columns` for a subgroup.
Build withParts(const std::string &chip, int rows, int columns,
                const TemporaryDirectory &directory) {
  Build build = buildFor(chip);
  build.schedule = directory / "parts.mlir";
  std::string text =
      readFile(*scheduleFor(tested().chapter.schedules, GpuTarget::of(chip)));
  for (auto [name, number] : {std::pair("rows", rows), {"columns", columns}}) {
    std::string line = std::string("%") + name + " = transform.param.constant ";
    size_t at = text.find(line + "32 ");
    EXPECT_NE(at, std::string::npos) << name;
    text.replace(at + line.size(), 2, std::to_string(number));
  }
  writeFile(build.schedule, {text});
  return build;
}

TEST(GpuSchedule, OfOtherPartsComputesTheSame) {
  Config config = makeConfig(1, 3, 96, 70, 101);
  Weights weights = randomWeights(config);
  std::vector<int32_t> tokens = someTokens(config, config.context);
  auto logits = [&](const Build &build) {
    Executable program = programFor(build, config);
    return logitsOf(program, weights, tokens, config.context);
  };
  TemporaryDirectory directory;
  for (const char *chip : {"sm_90", "gfx942"}) {
    std::vector<float> own = logits(buildFor(chip));
    // Half as many subgroups as there are is no mistake, either.
    for (auto [rows, columns] :
         {std::pair(16, 64), {64, 16}, {16, 16}, {32, 64}}) {
      if (rows * columns < 1024) // more parts than subgroups
        EXPECT_THAT(messageOf([&] {
                      (void)programFor(
                          withParts(chip, rows, columns, directory), config);
                    }),
                    HasSubstr("parts.mlir:"));
      else
        EXPECT_EQ(logits(withParts(chip, rows, columns, directory)), own)
            << chip << ": " << rows << " x " << columns;
    }
  }
}

// For each 16 of k, 2 + 2 tiles of factors make four tiles of sums, or 1 + 4.
TEST(GpuSchedule, DecidesWhatIsReadFromSharedMemory) {
  TemporaryDirectory directory;
  auto loads = [&](const Build &build) {
    std::string code = emit(compileRequest(build.forModel(Config())), "ptx");
    size_t begin = code.find(".entry linear_in_bf16("),
           end = code.find(".entry", begin + 1);
    EXPECT_NE(begin, std::string::npos);
    std::string kernel = code.substr(begin, end - begin);
    EXPECT_EQ(count(kernel, "mma\\.sync"), 16u); // 4 of 16 x 16 x 32
    return count(kernel, "ldmatrix");
  };
  EXPECT_EQ(loads(buildFor("sm_90")), 8u);
  EXPECT_EQ(loads(withParts("sm_90", 16, 64, directory)), 10u);
}

TEST(GpuSchedule, IsForWhatItSays) {
  auto message = [](Build build, const std::string &schedule,
                    const Config &config = {}) {
    for (const std::filesystem::path &file : tested().chapter.schedules)
      if (file.stem() == schedule)
        build.schedule = file;
    return messageOf([&] { (void)compileRequest(build.forModel(config)); });
  };
  EXPECT_THAT(message(buildFor("gfx942"), "nvidia"),
              HasSubstr("nvidia.mlir: is for sm_"));
  EXPECT_THAT(message(buildFor("sm_90", ElementType::F32), "nvidia"),
              HasSubstr("with --weights=bf16"));
  EXPECT_THAT(message(buildFor("sm_90"), "nvidia", makeConfig(1, 1, 24, 8, 9)),
              HasSubstr("a multiple of 16"));
}

} // namespace
