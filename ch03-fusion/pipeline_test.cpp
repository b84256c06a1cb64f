//===- pipeline_test.cpp - What chapter 3's page says of its program ----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "declaration.h"

#include "compiler/pipeline/session.h"

#include <gmock/gmock.h>

using namespace gpt2;
using ::testing::HasSubstr;
using ::testing::Not;

namespace {

const Config small; // GPT-2 small's sizes
constexpr double mebibyte = 1 << 20;

TEST(Pipeline, ATokenAllocatesAndCopiesNothing) {
  CompileRequest request = compileRequest({ch03_fusion::chapter(), small});
  std::string text = emit(request, "loops");
  EXPECT_THAT(text, Not(HasSubstr("memref.alloc")));
  EXPECT_THAT(text, Not(HasSubstr("memref.copy")));
  EXPECT_THAT(emit(request, "llvm-ir"), Not(HasSubstr("@malloc")));
}

TEST(Pipeline, NothingIsComputedTwice) {
  for (int64_t tokens : {1, 2, 64, 67}) {
    Score fused = scoreOf({ch03_fusion::chapter(), small}, tokens, mebibyte);
    Score parent =
        scoreOf({*ch03_fusion::chapter().parent, small}, tokens, mebibyte);
    // A logit's 64 partial sums are added up: 64 additions more for each. The
    // scale of attention's scores is computed once, and not in each layer.
    double partialSums = 64.0 * static_cast<double>(small.vocab);
    double scales = static_cast<double>(small.layers) - 1;
    EXPECT_EQ(fused.flops, parent.flops + partialSums - scales)
        << tokens << " tokens";
    EXPECT_EQ(fused.calls, parent.calls) << tokens << " tokens";
  }
}

TEST(Pipeline, MovesFewerBytes) {
  Score fused = scoreOf({ch03_fusion::chapter(), small}, 64, mebibyte);
  Score parent = scoreOf({*ch03_fusion::chapter().parent, small}, 64, mebibyte);
  // 64 tokens read the weights once and not 64 times.
  EXPECT_LT(fused.bytesRead, parent.bytesRead / 20);
  EXPECT_LT(fused.bytesWritten, parent.bytesWritten);
  EXPECT_LT(fused.temporaryBytes, parent.temporaryBytes);
  EXPECT_EQ(fused.allocations, 0);
}

} // namespace
