//===- kernels_test.cpp - Each kernel alone, against the reference ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "chapter/conformance/chapter_test.h"
#include "run/kernel_checks.h"

using namespace gpt2;

namespace gpt2 {
void PrintTo(const KernelSizes &s, std::ostream *os) { *os << s.name(); }
} // namespace gpt2

using namespace gpt2::testing;

namespace {

class Kernels : public ::testing::TestWithParam<KernelSizes> {
protected:
  /// The chapter's kernels, with an entry for each, for these sizes.
  Executable program =
      compiledKernels({tested().chapter, GetParam().byLetter()});
  KernelChecks kernels{program, GetParam()};
};

void expectWithin(const KernelCheck &check) {
  EXPECT_TRUE(check.comparison.within)
      << check.kernel << ": " << check.comparison.describe(check.tolerance);
}

TEST_P(Kernels, Embedding) { expectWithin(kernels.embedding()); }

TEST_P(Kernels, Layernorm) {
  // Rows of deviation 1, of 1e-3 (where epsilon counts), and constant ones.
  for (float scale : {2.0f, 2e-3f, 0.0f})
    expectWithin(kernels.layernorm(scale));
}

TEST_P(Kernels, Linear) { expectWithin(kernels.linear()); }
TEST_P(Kernels, Attention) { expectWithin(kernels.attention()); }
TEST_P(Kernels, Gelu) { expectWithin(kernels.gelu()); }
TEST_P(Kernels, Residual) { expectWithin(kernels.residual()); }
TEST_P(Kernels, Logits) { expectWithin(kernels.logits()); }

INSTANTIATE_TEST_SUITE_P(Sizes, Kernels,
                         ::testing::ValuesIn(kernelSizesFor(ElementType::F32)),
                         [](const auto &info) { return info.param.name(); });

} // namespace
