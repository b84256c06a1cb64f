//===- self_check.cpp - Whether a device computes -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "run/self_check.h"
#include "reference/comparison.h"
#include "reference/reference.h"
#include "reference/values.h"
#include "support/error.h"

#include <cmath>

namespace gpt2 {
namespace {

// Tiles that end within a row, rows longer than a subgroup.
constexpr int64_t T = 5, C = 80, K = 70, N = 90;

/// `count` numbers in [-1, 1), of no period that a tile has.
std::vector<float> someValues(int64_t count, float step) {
  std::vector<float> values(static_cast<size_t>(count));
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = 2 * std::fmod(step * static_cast<float>(i + 1), 1.0f) - 1;
  return values;
}

void expect(const std::vector<float> &actual, const reference::Vector &expected,
            double tolerance, const char *kernel, Device &device) {
  Comparison comparison = compare(actual, expected, tolerance);
  if (!comparison.within)
    fail(device.describe(), " does not compute what it should: kernel @",
         kernel, ", ", comparison.describe(tolerance),
         "; run on the emulator, --device=emulator, and look for a newer "
         "driver");
}

} // namespace

const std::map<std::string, int64_t> &selfCheckSizes() {
  static const std::map<std::string, int64_t> sizes = {
      {"T", T}, {"C", C}, {"K", K}, {"N", N}, {"H", 1},
      {"D", C}, {"V", C}, {"P", T}, {"S", 1}, {"L", 2}};
  return sizes;
}

void selfCheck(Executable &kernels) {
  auto x = someValues(T * K, 0.618034f), w = someValues(K * N, 0.414214f),
       b = someValues(N, 0.732051f);
  std::vector<float> y(T * N, NAN);
  kernels.callWithHostTensors(
      "test_linear", {MemRef(y.data(), {1, T, N}), MemRef(x.data(), {T, K}),
                      MemRef(w.data(), {K, N}), MemRef(b.data(), {N})});
  expect(y, reference::linear(inDouble(x), w, b), sumTolerance(K + 1, K),
         "linear", kernels.device());

  auto rows = someValues(T * C, 0.618034f), gain = someValues(C, 0.414214f),
       bias = someValues(C, 0.732051f);
  std::vector<float> normal(T * C, NAN);
  kernels.callWithHostTensors(
      "test_layernorm",
      {MemRef(normal.data(), {1, T, C}), MemRef(rows.data(), {T, C}),
       MemRef(gain.data(), {C}), MemRef(bias.data(), {C})});
  reference::Vector expected = reference::layernorm(inDouble(rows), gain, bias);
  expect(normal, expected,
         sumTolerance(C + 10, std::max(1.0, largestOf(expected))), "layernorm",
         kernels.device());
}

} // namespace gpt2
