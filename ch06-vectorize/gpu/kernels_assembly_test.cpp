//===- kernels_assembly_test.cpp - What kernels in bf16 look like -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "chip_builds.h"

#include "compiler/inspect/pass_trace.h"
#include "model/checkpoint/checkpoint.h"
#include "support/paths.h"
#include "testing/gpu_assembly.h"

#include <gmock/gmock.h>

#include <set>

using namespace gpt2;
using namespace gpt2::testing;
using ::testing::Not;

namespace {

TEST(MatrixUnits, AreInTheKernelsOfManyTokens) {
  for (auto [name, product] :
       {std::pair("sm_80", "mma\\.sync\\.aligned\\.m16n8k16"),
        {"gfx942", "v_mfma_f32_16x16x16"},
        {"gfx1100", "v_wmma_f32_16x16x16_bf16"}}) {
    std::string code = assemblyFor(name, ElementType::BF16);
    EXPECT_GT(count(code, product), 8u) << name;
    // Nothing goes through a thread's own memory.
    EXPECT_EQ(count(code, "\\.local|scratch_(load|store)"), 0u) << name;
    EXPECT_EQ(count(assemblyFor(name, ElementType::F32), product), 0u) << name;
  }
}

/// A kernel's name without the number that tells it from its namesakes.
std::string withoutNumber(const std::string &kernel) {
  size_t end = kernel.find_last_not_of("0123456789");
  return end + 1 < kernel.size() && kernel[end] == '_' ? kernel.substr(0, end)
                                                       : kernel;
}

// What a thread reads of a row it reads 16 bytes at a time: of each kernel how
// often, in its text. A row of f32 takes two for the eight that bf16 has in
// one.
TEST(MatrixUnits, KernelsReadSixteenBytesAtOnce) {
  const std::map<std::string, size_t> wanted = {
      {"linear_in_bf16", 1 + 1},    // four of x, eight of w
      {"linear_in_bf16_decode", 1}, // eight of w
      {"logits_in_bf16", 2 + 1},    // eight of x, eight of wte
      {"attention_in_bf16", 3 * 2}, // eight of a query, of a key and a value
  };
  struct Chip {
    const char *name, *sixteen, *two;
  };
  for (auto [chip, sixteen, two] :
       {Chip{"sm_80", "ld\\.global\\.v4\\.b32", "ld\\.global\\.\\S*[bsu]16"},
        Chip{"sm_90", "ld\\.global\\.v4\\.b32", "ld\\.global\\.\\S*[bsu]16"},
        Chip{"gfx90a", "global_load_dwordx4", "(global|flat)_load_[us]?short"},
        Chip{"gfx942", "global_load_dwordx4", "(global|flat)_load_[us]?short"},
        Chip{"gfx1100", "global_load_b128", "(global|flat)_load_\\w*[ui]16"}}) {
    std::map<std::string, size_t> found;
    for (const auto &[kernel, code] :
         kernelsIn(assemblyFor(chip, ElementType::BF16))) {
      std::string name = withoutNumber(kernel);
      if (auto sixteens = wanted.find(name); sixteens != wanted.end()) {
        EXPECT_EQ(count(code, sixteen), sixteens->second)
            << kernel << " on " << chip;
        EXPECT_EQ(count(code, two), 0u) << kernel << " on " << chip;
        ++found[name];
      } else {
        // No other kernel multiplies with weights.
        EXPECT_THAT(name, Not(::testing::ContainsRegex("linear|logits")));
      }
    }
    // A layer's four products, of many tokens and of one; logits of both.
    EXPECT_EQ(found,
              (std::map<std::string, size_t>{{"linear_in_bf16", 4},
                                             {"linear_in_bf16_decode", 4},
                                             {"logits_in_bf16", 2},
                                             {"attention_in_bf16", 1}}))
        << chip;
  }
}

// Passes that only programs in bf16 have.
TEST(MatrixUnits, TheirPassesAreNotIdle) {
  const std::set<std::string> wanted = {"prefer-kernels", "narrow-elements",
                                        "fold-vector-accesses", "run-schedule",
                                        "distribute-tiles"};
  Config config = Checkpoint::open(paths::embeddedModel())->config();
  for (const char *chip : {"sm_90", "gfx942"}) {
    std::set<std::string> busy;
    for (const PassRun &run :
         tracePasses(compileRequest(buildFor(chip).forModel(config))))
      if (wanted.count(run.pass) && !run.isIdle())
        busy.insert(run.pass);
    EXPECT_EQ(busy, wanted) << chip;
  }
}

#ifdef PTXAS
TEST(MatrixUnits, PtxasAssemblesEveryKernelWithoutSpills) {
  for (std::string chip : {"sm_80", "sm_90"}) {
    std::string code = assemblyFor(chip, ElementType::BF16);
    auto kernels = assembledBy(code, chip);
    EXPECT_EQ(kernels.size(), kernelsIn(code).size());
    for (const AssembledKernel &kernel : kernels) {
      EXPECT_GT(kernel.registers, 0) << kernel.name;
      // Two blocks of 256 threads, or four of 128, fit a multiprocessor.
      EXPECT_LE(kernel.registers, 128) << kernel.name;
      EXPECT_EQ(kernel.stack, 0) << kernel.name;
      EXPECT_EQ(kernel.spillStores, 0) << kernel.name;
      EXPECT_EQ(kernel.spillLoads, 0) << kernel.name;
    }
  }
}
#endif

// In f32 the program is the parent's, whose tests are enough.
TEST(MatrixUnits, AreForBf16Only) {
  Config config = makeConfig(2, 3, 192, 70, 101);
  auto program = [&](const Chapter *whose, const char *chip) {
    Build build(*whose, config);
    build.target.gpu = GpuTarget::of(chip);
    return emit(compileRequest(build), "llvm-dialect");
  };
  for (const char *chip : {"sm_90", "gfx942", "gfx1100"})
    EXPECT_EQ(program(&tested().chapter, chip),
              program(tested().chapter.parent, chip))
        << chip;
}

TEST(MatrixUnits, AreLeftWhereTilesDoNotFit) {
  for (const Config &config :
       {makeConfig(1, 3, 36, 13, 67), makeConfig(1, 2, 192, 13, 67),
        makeConfig(1, 2, 24, 13, 67)})
    EXPECT_EQ(count(assemblyFor("sm_90", ElementType::BF16, config), "mma"), 0u)
        << config.describe();
  EXPECT_EQ(count(assemblyFor("gfx1030", ElementType::BF16), "wmma|mfma"), 0u);
}

} // namespace
