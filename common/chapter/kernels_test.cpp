//===- kernels_test.cpp - Each kernel alone, against the reference ------===//
#include "chapter/chapter_test.h"
#include "reference/values.h"

using namespace gpt2;
using namespace gpt2::testing;

namespace {

/// The chapter's kernels, with an entry for each, for these sizes.
Executable compileKernels(const Sizes &sizes) {
  return load(compileToObject(kernelRequest(tested().chapter, sizes)).bytes);
}

void call(Executable &program, const std::string &entry,
          std::vector<MemRef> arguments) {
  program.callWithHostTensors("test_" + entry, std::move(arguments));
}

void expectWithin(std::span<const float> actual,
                  const reference::Vector &expected, double tolerance) {
  Comparison comparison = compare(actual, expected, tolerance);
  EXPECT_TRUE(comparison.within) << comparison.describe(tolerance);
}

/// Sizes for all kernels: GPT-2's shapes, and awkward ones.
struct KernelSizes {
  int64_t T, H, D, K, N, V;
  int64_t C() const { return H * D; }
};

std::string nameOf(const KernelSizes &s) {
  return "T" + std::to_string(s.T) + "H" + std::to_string(s.H) + "D" +
         std::to_string(s.D);
}
void PrintTo(const KernelSizes &s, std::ostream *os) { *os << nameOf(s); }

class Kernels : public ::testing::TestWithParam<KernelSizes> {
protected:
  KernelSizes s = GetParam();
  Executable program = compileKernels({{"T", s.T},
                                       {"H", s.H},
                                       {"D", s.D},
                                       {"C", s.C()},
                                       {"K", s.K},
                                       {"N", s.N},
                                       {"V", s.V},
                                       {"S", 3},
                                       {"L", 2},
                                       {"P", s.T + 3}});
};

TEST_P(Kernels, Embedding) {
  std::vector<int32_t> tokens, positions;
  for (int64_t t = 0; t < s.T; ++t) {
    tokens.push_back(static_cast<int32_t>((t * 7919 + s.V - 1) % s.V));
    positions.push_back(static_cast<int32_t>(t + 3));
  }
  auto wte = randomValues(s.V * s.C(), 1, 1);
  auto wpe = randomValues((s.T + 3) * s.C(), 1, 2);
  std::vector<float> x(s.T * s.C(), NAN);
  std::vector<MemRef> arguments = {
      MemRef(x.data(), {1, s.T, s.C()}), MemRef(tokens.data(), {s.T}),
      MemRef(wte.data(), {s.V, s.C()}), MemRef(wpe.data(), {s.T + 3, s.C()})};
  if (tested().chapter.keepsCache()) // at positions that are said: from 3 on
    arguments.insert(arguments.begin() + 2, MemRef(positions.data(), {s.T}));
  call(program, "embedding", arguments);
  if (tested().chapter.keepsCache())
    wpe.erase(wpe.begin(), wpe.begin() + 3 * s.C());
  // One addition of values up to 1: one rounding of at most 2.
  expectWithin(x, reference::embedding(tokens, wte, wpe, s.C()),
               2 * f32Rounding);
}

TEST_P(Kernels, Layernorm) {
  auto gain = randomValues(s.C(), 1, 2), bias = randomValues(s.C(), 1, 3);
  // Rows of deviation 1, of 1e-3 (where epsilon counts), and constant ones.
  for (float scale : {2.0f, 2e-3f, 0.0f}) {
    auto x = randomValues(s.T * s.C(), scale, 1);
    std::vector<float> y(s.T * s.C(), NAN);
    call(program, "layernorm",
         {MemRef(y.data(), {1, s.T, s.C()}), MemRef(x.data(), {s.T, s.C()}),
          MemRef(gain.data(), {s.C()}), MemRef(bias.data(), {s.C()})});
    auto expected = reference::layernorm(inDouble(x), gain, bias);
    // The mean and the variance are sums of C terms; ten more roundings.
    expectWithin(y, expected,
                 sumTolerance(s.C() + 10, std::max(1.0, largestOf(expected))));
  }
}

TEST_P(Kernels, Linear) {
  auto x = randomValues(s.T * s.K, 1, 1), w = randomValues(s.K * s.N, 1, 2),
       b = randomValues(s.N, 1, 3);
  std::vector<float> y(s.T * s.N, NAN);
  call(program, "linear",
       {MemRef(y.data(), {1, s.T, s.N}), MemRef(x.data(), {s.T, s.K}),
        MemRef(w.data(), {s.K, s.N}), MemRef(b.data(), {s.N})});
  // |x w| averages a quarter: the terms' magnitudes add up to about K / 4.
  expectWithin(y, reference::linear(inDouble(x), w, b),
               sumTolerance(s.K + 1, static_cast<double>(s.K) / 4 + 1));
}

TEST_P(Kernels, Attention) {
  if (tested().chapter.keepsCache())
    return; // see the chapter's own test
  // Scores up to about 4: the softmax is neither flat nor a maximum.
  auto qkv = randomValues(s.T * 3 * s.C(), 2, 1);
  std::vector<float> y(s.T * s.C(), NAN);
  call(program, "attention",
       {MemRef(y.data(), {1, s.T, s.H, s.D}),
        MemRef(qkv.data(), {s.T, 3, s.H, s.D})});
  // |q k| averages 1, so a score errs by (D + 1) roundings of D / sqrt(D); a
  // weight by as much twice (numerator and sum), and T + 4 roundings; values
  // are up to 2.
  double score = sumTolerance(s.D + 1, std::sqrt(static_cast<double>(s.D)));
  expectWithin(y, reference::attention(inDouble(qkv), s.H, s.D),
               2 * (2 * score + sumTolerance(s.T + 4, 1)));
}

TEST_P(Kernels, Gelu) {
  auto x = randomValues(s.T * s.C(), 10, 1);
  x[0] = 0;
  std::vector<float> y(s.T * s.C(), NAN);
  call(program, "gelu",
       {MemRef(y.data(), {1, s.T, s.C()}), MemRef(x.data(), {s.T, s.C()})});
  // Eight operations, then a product with at most 10; tanh in libm errs by
  // less than two roundings.
  expectWithin(y, reference::gelu(inDouble(x)), 10 * 10 * f32Rounding);
}

TEST_P(Kernels, Residual) {
  auto x = randomValues(s.T * s.C(), 1, 1), y = randomValues(s.T * s.C(), 1, 2);
  auto expected = reference::residual(inDouble(x), inDouble(y));
  call(program, "residual",
       {MemRef(x.data(), {s.T, s.C()}), MemRef(y.data(), {s.T, s.C()})});
  expectWithin(x, expected, 2 * f32Rounding);
}

TEST_P(Kernels, Logits) {
  int64_t rows = tested().chapter.keepsCache() ? s.T : 1;
  auto x = randomValues(rows * s.C(), 1, 1),
       wte = randomValues(s.V * s.C(), 1, 2);
  std::vector<float> l(rows * s.V, NAN);
  MemRef weights(wte.data(), {s.V, s.C()});
  if (tested().chapter.keepsCache())
    call(program, "logits",
         {MemRef(l.data(), {1, rows, s.V}), MemRef(x.data(), {rows, s.C()}),
          weights});
  else
    call(program, "logits",
         {MemRef(l.data(), {1, s.V}), MemRef(x.data(), {s.C()}), weights});
  reference::Vector all = inDouble(x), expected;
  for (int64_t row = 0; row < rows; ++row) {
    reference::Vector one = reference::logits(
        std::span<const double>(all).subspan(row * s.C(), s.C()), wte);
    expected.insert(expected.end(), one.begin(), one.end());
  }
  expectWithin(l, expected,
               sumTolerance(s.C(), static_cast<double>(s.C()) / 4));
}

INSTANTIATE_TEST_SUITE_P(Sizes, Kernels,
                         ::testing::Values(KernelSizes{1, 1, 1, 1, 1, 1},
                                           KernelSizes{2, 1, 64, 64, 192, 101},
                                           KernelSizes{7, 3, 32, 96, 5, 13},
                                           KernelSizes{65, 5, 8, 160, 33, 257},
                                           KernelSizes{17, 12, 64, 768, 2304,
                                                       1009}),
                         [](const auto &info) { return nameOf(info.param); });

} // namespace
