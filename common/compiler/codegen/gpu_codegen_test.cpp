//===- gpu_codegen_test.cpp - Assembly for GPUs ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/codegen/gpu_codegen.h"
#include "support/files.h"
#include "testing/lowered_gpu.h"
#include "testing/test_files.h"

#include <gmock/gmock.h>

#include <cstdlib>

using namespace gpt2;
using gpt2::testing::blockSums;
using gpt2::testing::errorOf;
using gpt2::testing::LoweredGpu;
using ::testing::HasSubstr;
using ::testing::Not;

namespace {

class GpuCodegen : public ::testing::TestWithParam<const char *> {};
class Ptxas : public GpuCodegen {};

TEST_P(GpuCodegen, CompilesToAssemblyWithoutALibrary) {
  LoweredGpu lowered(blockSums, GetParam());
  std::string text =
      generateGpuCode(lowered.kernels(), lowered.target, GpuCode::Assembly);
  EXPECT_THAT(text, HasSubstr("sums"));
  if (lowered.target.vendor == GpuVendor::Nvidia) {
    EXPECT_THAT(text, HasSubstr("shfl.sync.bfly.b32"));
    EXPECT_THAT(text, HasSubstr("ex2.approx"));
    EXPECT_THAT(text, Not(HasSubstr("__nv_")));
  } else {
    EXPECT_THAT(text, HasSubstr("s_barrier"));
    EXPECT_THAT(text, HasSubstr("v_exp_f32"));
    EXPECT_THAT(text, Not(HasSubstr("__ocml_")));
    std::string object =
        generateGpuCode(lowered.kernels(), lowered.target, GpuCode::Object);
    EXPECT_EQ(object.substr(0, 4), "\x7f"
                                   "ELF");
  }
}

// With CUDA's assembler at hand, what we emit is assembled by it.
TEST_P(Ptxas, AssemblesWhatWeEmit) {
  if (std::system("ptxas --version >/dev/null 2>&1") != 0)
    GTEST_SKIP() << "there is no ptxas on the PATH";
  LoweredGpu lowered(blockSums, GetParam());
  gpt2::testing::TemporaryDirectory directory;
  writeFile(
      directory / "k.ptx",
      {generateGpuCode(lowered.kernels(), lowered.target, GpuCode::Assembly)});
  auto result = gpt2::testing::runProgram(
      "ptxas", {"-v", "-arch", GetParam(), (directory / "k.ptx").string(), "-o",
                (directory / "k.cubin").string()});
  EXPECT_EQ(result.exitCode, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("0 bytes spill stores"));
  EXPECT_THAT(result.err, HasSubstr("32 bytes smem"));
}

INSTANTIATE_TEST_SUITE_P(Chips, GpuCodegen,
                         ::testing::Values("sm_80", "sm_90", "gfx942",
                                           "gfx1100", "gfx1151"));

INSTANTIATE_TEST_SUITE_P(Chips, Ptxas, ::testing::Values("sm_80", "sm_90"));

TEST(GpuTarget, KnowsChips) {
  EXPECT_EQ(GpuTarget::of("sm_90").subgroupSize(), 32u);
  EXPECT_EQ(GpuTarget::of("gfx942").subgroupSize(), 64u);
  EXPECT_EQ(GpuTarget::of("gfx1151").subgroupSize(), 32u);
  for (std::string chip : {"h200", "sm_9999", "gfx", ""})
    EXPECT_THAT(errorOf([&] { (void)GpuTarget::of(chip); }),
                HasSubstr("unknown chip '" + chip + "'"));
}

} // namespace
