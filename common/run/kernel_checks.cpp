//===- kernel_checks.cpp - Each kernel alone, against the reference -----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "run/kernel_checks.h"
#include "reference/reference.h"
#include "reference/values.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace gpt2 {
namespace {

float toBfloatAndBack(float value) {
  return bfloatToFloat(floatToBfloat(value));
}

std::vector<float> rounded(std::vector<float> values) {
  std::transform(values.begin(), values.end(), values.begin(), toBfloatAndBack);
  return values;
}

/// A matrix as a program takes it: f32, or bf16.
class Matrix {
public:
  Matrix(std::vector<float> given, std::vector<int64_t> itsShape,
         ElementType type)
      : values(std::move(given)), shape(std::move(itsShape)) {
    if (type != ElementType::BF16)
      return;
    narrow.resize(values.size());
    std::transform(values.begin(), values.end(), narrow.begin(), floatToBfloat);
    values = rounded(std::move(values));
  }

  MemRef argument() {
    return narrow.empty() ? MemRef(values.data(), shape)
                          : MemRef(narrow.data(), shape);
  }

  std::vector<float> values; ///< what the program reads

private:
  std::vector<int64_t> shape;
  std::vector<uint16_t> narrow;
};

/// Tokens of the second of three sequences, from its start.
struct Places {
  explicit Places(int64_t count)
      : sequences(static_cast<size_t>(count), 1),
        positions(static_cast<size_t>(count)) {
    std::iota(positions.begin(), positions.end(), 0);
  }
  std::vector<int32_t> sequences, positions;
};

KernelCheck checkOf(const char *kernel, std::span<const float> actual,
                    const reference::Vector &expected, double tolerance) {
  return {kernel, compare(actual, expected, tolerance), tolerance};
}

} // namespace

std::string KernelSizes::name() const {
  return "T" + std::to_string(T) + "H" + std::to_string(H) + "D" +
         std::to_string(D);
}

std::map<std::string, int64_t> KernelSizes::byLetter() const {
  return {{"T", T}, {"H", H}, {"D", D}, {"C", C()}, {"K", K},
          {"N", N}, {"V", V}, {"S", S}, {"L", L},   {"P", P()}};
}

const std::vector<KernelSizes> &kernelSizesFor(ElementType weights) {
  static const std::vector<KernelSizes> wide = {{1, 1, 1, 1, 1, 1},
                                                {2, 1, 64, 64, 192, 101},
                                                {7, 3, 32, 96, 5, 13},
                                                {65, 5, 8, 160, 33, 257},
                                                {17, 12, 64, 768, 2304, 1009}};
  static const std::vector<KernelSizes> narrow = {
      {1, 12, 64, 768, 2304, 1009},
      {2, 1, 64, 64, 192, 101},
      {7, 3, 20, 61, 35, 13},
      {70, 3, 32, 96, 304, 257},
      {131, 12, 64, 3072, 768, 1009}};
  return weights == ElementType::BF16 ? narrow : wide;
}

KernelChecks::KernelChecks(Executable &program, const KernelSizes &sizes,
                           bool rounds)
    : kernels(program), s(sizes), roundsFactors(rounds) {}

void KernelChecks::call(const std::string &entry,
                        std::vector<MemRef> arguments) {
  kernels.callWithHostTensors("test_" + entry, std::move(arguments));
}

KernelCheck KernelChecks::embedding() {
  std::vector<int32_t> tokens, positions;
  for (int64_t t = 0; t < s.T; ++t) {
    tokens.push_back(static_cast<int32_t>((t * 7919 + s.V - 1) % s.V));
    positions.push_back(static_cast<int32_t>(t + 3));
  }
  ElementType type = kernels.matrixType();
  Matrix wte(randomValues(s.V * s.C(), 1, 1), {s.V, s.C()}, type),
      wpe(randomValues(s.P() * s.C(), 1, 2), {s.P(), s.C()}, type);
  std::vector<float> x(s.T * s.C(), NAN);
  std::vector<MemRef> arguments = {MemRef(x.data(), {1, s.T, s.C()}),
                                   MemRef(tokens.data(), {s.T}), wte.argument(),
                                   wpe.argument()};
  if (keepsCache()) // at positions that are said: from 3 on
    arguments.insert(arguments.begin() + 2, MemRef(positions.data(), {s.T}));
  call("embedding", arguments);
  std::span<const float> rows = wpe.values;
  if (keepsCache())
    rows = rows.subspan(3 * s.C());
  // One addition of values up to 1: one rounding of at most 2.
  return checkOf("embedding", x,
                 reference::embedding(tokens, wte.values, rows, s.C()),
                 2 * f32Rounding);
}

KernelCheck KernelChecks::layernorm(float scale) {
  auto gain = randomValues(s.C(), 1, 2), bias = randomValues(s.C(), 1, 3),
       x = randomValues(s.T * s.C(), scale, 1);
  std::vector<float> y(s.T * s.C(), NAN);
  call("layernorm",
       {MemRef(y.data(), {1, s.T, s.C()}), MemRef(x.data(), {s.T, s.C()}),
        MemRef(gain.data(), {s.C()}), MemRef(bias.data(), {s.C()})});
  auto expected = reference::layernorm(inDouble(x), gain, bias);
  // The mean and the variance are sums of C terms; ten more roundings.
  return checkOf("layernorm", y, expected,
                 sumTolerance(s.C() + 10, std::max(1.0, largestOf(expected))));
}

KernelCheck KernelChecks::linear() {
  auto x = randomValues(s.T * s.K, 1, 1), b = randomValues(s.N, 1, 3);
  Matrix w(randomValues(s.K * s.N, 1, 2), {s.K, s.N}, kernels.matrixType());
  std::vector<float> y(s.T * s.N, NAN);
  call("linear", {MemRef(y.data(), {1, s.T, s.N}), MemRef(x.data(), {s.T, s.K}),
                  w.argument(), MemRef(b.data(), {s.N})});
  auto factors = roundsFactors ? rounded(x) : x;
  // |x w| averages a quarter: the terms' magnitudes add up to about K / 4.
  return checkOf("linear", y, reference::linear(inDouble(factors), w.values, b),
                 sumTolerance(s.K + 1, static_cast<double>(s.K) / 4 + 1));
}

KernelCheck KernelChecks::attention() {
  return keepsCache() ? cachedAttention() : plainAttention();
}

KernelCheck KernelChecks::plainAttention() {
  // Scores up to about 4: the softmax is neither flat nor a maximum.
  auto qkv = randomValues(s.T * 3 * s.C(), 2, 1);
  std::vector<float> y(s.T * s.C(), NAN);
  call("attention", {MemRef(y.data(), {1, s.T, s.H, s.D}),
                     MemRef(qkv.data(), {s.T, 3, s.H, s.D})});
  // |q k| averages 1, so a score errs by (D + 1) roundings of D / sqrt(D); a
  // weight by as much twice (numerator and sum), and T + 4 roundings; values
  // are up to 2.
  double score = sumTolerance(s.D + 1, std::sqrt(static_cast<double>(s.D)));
  return checkOf("attention", y, reference::attention(inDouble(qkv), s.H, s.D),
                 2 * (2 * score + sumTolerance(s.T + 4, 1)));
}

KernelCheck KernelChecks::cachedAttention() {
  auto qkv = randomValues(s.T * 3 * s.C(), 2, 1);
  std::vector<int64_t> shape = {s.S, s.L, s.H, s.P(), s.D};
  // What must not be read is not a number.
  auto count = static_cast<size_t>(s.S * s.L * s.P() * s.C());
  std::vector<float> keys(count, NAN), values(count, NAN);
  for (int64_t t = 0; t < s.T; ++t)
    for (int64_t h = 0; h < s.H; ++h) {
      int64_t from = ((t * 3 + 1) * s.H + h) * s.D,
              to = (((s.L + 1) * s.H + h) * s.P() + t) * s.D;
      std::copy_n(&qkv[from], s.D, &keys[to]);
      std::copy_n(&qkv[from + s.C()], s.D, &values[to]);
    }
  Places places(s.T);
  std::vector<float> y(s.T * s.C(), NAN);
  call("attention", {MemRef(y.data(), {1, s.T, s.H, s.D}),
                     MemRef(qkv.data(), {s.T, 3, s.H, s.D}),
                     MemRef(places.sequences.data(), {s.T}),
                     MemRef(places.positions.data(), {s.T}),
                     MemRef(keys.data(), shape), MemRef(values.data(), shape)});
  double score = sumTolerance(s.D + 1, std::sqrt(static_cast<double>(s.D)));
  double weights = 2 * score + sumTolerance(s.P() + 4, 1);
  if (roundsFactors) {
    qkv = rounded(std::move(qkv));
    weights += 0x1p-9; // they are rounded, too
  }
  return checkOf("attention", y, reference::attention(inDouble(qkv), s.H, s.D),
                 2 * weights);
}

KernelCheck KernelChecks::updateCache() {
  auto qkv = randomValues(s.T * 3 * s.C(), 1, 1);
  std::vector<int64_t> shape = {s.S, s.L, s.H, s.P(), s.D};
  auto count = static_cast<size_t>(s.S * s.L * s.P() * s.C());
  auto keys = randomValues(count, 1, 2), values = randomValues(count, 1, 3);
  reference::Vector expected = inDouble(keys),
                    expectedValues = inDouble(values);
  for (int64_t t = 0; t < s.T; ++t)
    for (int64_t h = 0; h < s.H; ++h) {
      int64_t from = ((t * 3 + 1) * s.H + h) * s.D,
              to = (((s.L + 1) * s.H + h) * s.P() + t) * s.D;
      std::copy_n(&qkv[from], s.D, &expected[to]);
      std::copy_n(&qkv[from + s.C()], s.D, &expectedValues[to]);
    }
  Places places(s.T);
  call("update_cache",
       {MemRef(keys.data(), shape), MemRef(values.data(), shape),
        MemRef(qkv.data(), {s.T, 3, s.H, s.D}),
        MemRef(places.sequences.data(), {s.T}),
        MemRef(places.positions.data(), {s.T})});
  keys.insert(keys.end(), values.begin(), values.end());
  expected.insert(expected.end(), expectedValues.begin(), expectedValues.end());
  return checkOf("update_cache", keys, expected, 0);
}

KernelCheck KernelChecks::gelu() {
  auto x = randomValues(s.T * s.C(), 10, 1);
  x[0] = 0;
  std::vector<float> y(s.T * s.C(), NAN);
  call("gelu",
       {MemRef(y.data(), {1, s.T, s.C()}), MemRef(x.data(), {s.T, s.C()})});
  // Eight operations, then a product with at most 10; tanh in libm errs by
  // less than two roundings.
  return checkOf("gelu", y, reference::gelu(inDouble(x)),
                 10 * 10 * f32Rounding);
}

KernelCheck KernelChecks::residual() {
  auto x = randomValues(s.T * s.C(), 1, 1), y = randomValues(s.T * s.C(), 1, 2);
  auto expected = reference::residual(inDouble(x), inDouble(y));
  call("residual",
       {MemRef(x.data(), {s.T, s.C()}), MemRef(y.data(), {s.T, s.C()})});
  return checkOf("residual", x, expected, 2 * f32Rounding);
}

KernelCheck KernelChecks::logits() {
  int64_t rows = keepsCache() ? s.T : 1;
  auto x = randomValues(rows * s.C(), 1, 1);
  Matrix wte(randomValues(s.V * s.C(), 1, 2), {s.V, s.C()},
             kernels.matrixType());
  std::vector<float> l(rows * s.V, NAN);
  if (keepsCache())
    call("logits", {MemRef(l.data(), {1, rows, s.V}),
                    MemRef(x.data(), {rows, s.C()}), wte.argument()});
  else
    call("logits", {MemRef(l.data(), {1, s.V}), MemRef(x.data(), {s.C()}),
                    wte.argument()});
  reference::Vector all = inDouble(x), expected;
  for (int64_t row = 0; row < rows; ++row) {
    reference::Vector one = reference::logits(
        std::span<const double>(all).subspan(row * s.C(), s.C()), wte.values);
    expected.insert(expected.end(), one.begin(), one.end());
  }
  return checkOf("logits", l, expected,
                 sumTolerance(s.C(), static_cast<double>(s.C()) / 4));
}

std::vector<KernelCheck> KernelChecks::all() {
  std::vector<KernelCheck> checks = {
      embedding(), layernorm(2), layernorm(2e-3f), layernorm(0), linear(),
      attention(), gelu(),       residual(),       logits()};
  if (keepsCache())
    checks.push_back(updateCache());
  return checks;
}

} // namespace gpt2
