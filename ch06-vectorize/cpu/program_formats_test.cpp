//===- program_formats_test.cpp - Formats, as a user asks for them ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "chapter/conformance/program_test.h"

using namespace gpt2;
using namespace gpt2::testing;
using ::testing::HasSubstr;

namespace {

using FormatsRun = ProgramRun;

// A library calls nothing that gpt2-run does not have, whatever the format.
TEST_F(FormatsRun, AheadOfTime) {
  std::string library = directory / "program.so";
  for (std::vector<std::string> format :
       {std::vector<std::string>{"--weights=bf16"},
        {"--weights=int8"},
        {"--weights=bf16", "--kv=bf16"}}) {
    format.push_back("--aot=" + library);
    ASSERT_EQ(run(format).exitCode, 0);
    ProgramResult result =
        runProgram(tested().runner, {library, "Once upon a time", "--greedy",
                                     "--max-new-tokens=6"});
    EXPECT_EQ(result.exitCode, 0) << result.err;
    EXPECT_THAT(result.out, HasSubstr("Once upon a time"));
    // Kernels for GPUs are in it if they take the format.
    result = runProgram(tested().runner, {library, "a", "--device=emulator",
                                          "--max-new-tokens=1"});
    EXPECT_EQ(result.exitCode, format[0] == "--weights=int8" ? 1 : 0)
        << result.err;
  }
}

TEST_F(FormatsRun, SaysWhatAFormatCosts) {
  std::filesystem::path file = directory / "text.txt";
  writeFile(file, {"Once upon a time there was a king who had three sons."});
  ProgramResult result =
      run({"--loss=" + file.string(), "--weights=int8", "--kv=bf16"});
  EXPECT_EQ(result.exitCode, 0) << result.err;
  double loss = 0, f32 = 0, percent = 0;
  ASSERT_EQ(std::sscanf(result.out.c_str(),
                        "loss %lf nats a token, of %*d tokens\nin f32 %lf: "
                        "%lf %%",
                        &loss, &f32, &percent),
            3)
      << result.out;
  // Losses are printed to four digits behind the point, the percentage to
  // three.
  double rounding = 100 * 0.5e-4 * (1 + loss / f32) / f32 + 0.5e-3;
  EXPECT_NEAR(percent, 100 * (loss / f32 - 1), rounding);
}

TEST_F(FormatsRun, RefusesOthers) {
  EXPECT_THAT(errorOf({"a", "--weights=int8", "--device=emulator"}),
              HasSubstr("takes: f32, bf16"));
  EXPECT_THAT(errorOf({"a", "--weights=int4"}),
              HasSubstr("takes: f32, bf16, int8"));
}

} // namespace
