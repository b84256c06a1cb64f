//===- yardsticks_test.cpp - The hand-written kernels compute -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "yardsticks/on_the_host.h"
// Behind what it needs.
#include "yardsticks/kernels.cu"

#include "device/emulator/emulator.h"
#include "reference/comparison.h"
#include "reference/reference.h"
#include "reference/values.h"
#include "testing/test_files.h"

#include <gtest/gtest.h>

using namespace gpt2;

namespace {

/// The `n`-th argument of a launch.
template <typename T> T argument(void **arguments, int n) {
  return *static_cast<T *>(arguments[n]);
}

void layernormThunk(void **a) {
  layernorm(argument<float *>(a, 0), argument<float *>(a, 1),
            argument<float *>(a, 2), argument<float *>(a, 3),
            argument<int>(a, 4), argument<int>(a, 5));
}
void softmaxThunk(void **a) {
  softmax(argument<float *>(a, 0), argument<int>(a, 1));
}
void linearThunk(void **a) {
  linear(argument<float *>(a, 0), argument<float *>(a, 1),
         argument<float *>(a, 2), argument<float *>(a, 3), argument<int>(a, 4),
         argument<int>(a, 5), argument<int>(a, 6));
}

class Yardsticks : public ::testing::TestWithParam<int> {
protected:
  void SetUp() override { warpSize = GetParam(); }

  unsigned lanes() const { return static_cast<unsigned>(GetParam()); }

  template <typename... Arguments>
  void launch(void (*thunk)(void **), Dim3 grid, Dim3 block,
              Arguments... arguments) {
    void *pointers[] = {&arguments...};
    Emulator(lanes(), 2).launch({"by_hand", thunk, 0}, grid, block, pointers);
  }

  void expectWithin(const std::vector<float> &actual,
                    const reference::Vector &expected, double tolerance) {
    Comparison comparison = compare(actual, expected, tolerance);
    EXPECT_TRUE(comparison.within) << comparison.describe(tolerance);
  }
};

TEST_P(Yardsticks, Layernorm) {
  for (auto [T, C] : {std::pair(1, 1), {7, 77}, {64, 768}}) {
    auto x = randomValues(T * C, 1, 1), gain = randomValues(C, 1, 2),
         bias = randomValues(C, 1, 3);
    std::vector<float> y(T * C, NAN);
    launch(layernormThunk, {static_cast<unsigned>(T + 3) / 4}, {lanes(), 4},
           y.data(), x.data(), gain.data(), bias.data(), T, C);
    auto expected = reference::layernorm(inDouble(x), gain, bias);
    expectWithin(y, expected,
                 sumTolerance(C + 10, std::max(1.0, largestOf(expected))));
  }
}

TEST_P(Yardsticks, Softmax) {
  for (auto [H, T] : {std::pair(1, 1), {3, 7}, {2, 130}}) {
    auto scores = randomValues(H * T * T, 1, 1);
    reference::Vector expected = inDouble(scores);
    for (int row = 0; row < H * T; ++row) {
      double *p = expected.data() + row * T, sum = 0;
      int seen = row % T + 1;
      for (int j = 0; j < seen; ++j)
        sum += p[j] = std::exp(p[j]);
      for (int j = 0; j < seen; ++j)
        p[j] /= sum;
    }
    launch(softmaxThunk,
           {static_cast<unsigned>(T + 3) / 4, static_cast<unsigned>(H)},
           {lanes(), 4}, scores.data(), T);
    expectWithin(scores, expected, sumTolerance(T + 4, 1));
  }
}

TEST_P(Yardsticks, Linear) {
  struct Shape {
    int T, K, N;
  };
  for (auto [T, K, N] : {Shape{1, 1, 1}, {7, 33, 65}, {64, 96, 192}}) {
    auto x = randomValues(T * K, 1, 1), w = randomValues(K * N, 1, 2),
         b = randomValues(N, 1, 3);
    std::vector<float> y(T * N, NAN);
    launch(linearThunk,
           {static_cast<unsigned>(N + 63) / 64,
            static_cast<unsigned>(T + 31) / 32},
           {16, 8}, y.data(), x.data(), w.data(), b.data(), T, K, N);
    expectWithin(y, reference::linear(inDouble(x), w, b),
                 sumTolerance(K + 1, K / 4.0 + 1));
  }
}

INSTANTIATE_TEST_SUITE_P(Lanes, Yardsticks, ::testing::Values(32, 64),
                         [](const auto &info) {
                           return std::to_string(info.param);
                         });

} // namespace
