//===- published_test.cpp - GPT-2 small writes what it wrote for others -===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "chapter/conformance/program_test.h"

using namespace gpt2;
using namespace gpt2::testing;

namespace {

/// As a user runs it. An emulated GPU would take hours.
TEST_F(ProgramRun, WritesWhatGpt2WroteForOthers) {
  const Published &published = publishedTexts().front();
  auto folder = whereIs(published);
  if (!folder)
    GTEST_SKIP() << published.model << " is not here: ./tutorial fetch "
                 << published.model << ", or set " << published.folder;
  if (tested().kind != std::string("cpu"))
    GTEST_SKIP() << "GPT-2 small, on the CPU only";
  ProgramResult result = run({published.prompt, "--model=" + folder->string(),
                              "--greedy", "--max-new-tokens=18"});
  EXPECT_EQ(result.exitCode, 0) << result.err;
  EXPECT_EQ(result.out, published.prompt + std::string(published.text) + "\n");
}

} // namespace
