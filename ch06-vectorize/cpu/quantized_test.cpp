//===- quantized_test.cpp - Products of integers ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "chapter/conformance/chapter_test.h"
#include "compiler/schedule/schedule.h"
#include "support/files.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>

using namespace gpt2;
using namespace gpt2::testing;

namespace {

Build buildFor(const std::string &schedule) {
  Build build(tested().chapter);
  for (const std::filesystem::path &file : tested().chapter.schedules)
    if (file.stem() == schedule)
      build.schedule = file;
  build.formats.weights = ElementType::I8;
  return build;
}

/// A product alone, its matrix given as to the model's.
constexpr char entry[] = R"mlir(
func.func private @linear(
    tensor<?x?xf32>, tensor<?x?xf32>, tensor<?xf32>) -> tensor<?x?xf32>
func.func @test_linear(
    %out: tensor<?x?xf32>
        {gpt2.shape = "T x N", bufferization.writable = true},
    %x: tensor<?x?xf32> {gpt2.shape = "T x K"},
    %w: tensor<?x?xf32> {gpt2.shape = "K x N", gpt2.matrix},
    %b: tensor<?xf32> {gpt2.shape = "N"}) -> tensor<?x?xf32>
    attributes {llvm.emit_c_interface, gpt2.context = 64 : index} {
  %y = call @linear(%x, %w, %b)
      : (tensor<?x?xf32>, tensor<?x?xf32>, tensor<?xf32>) -> tensor<?x?xf32>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %d0 = tensor.dim %y, %c0 : tensor<?x?xf32>
  %d1 = tensor.dim %y, %c1 : tensor<?x?xf32>
  %r = tensor.insert_slice %y into %out[0, 0] [%d0, %d1] [1, 1]
      : tensor<?x?xf32> into tensor<?x?xf32>
  return %r : tensor<?x?xf32>
}
)mlir";

constexpr int64_t T = 11, K = 72, N = 96;

float &at(std::vector<float> &matrix, int64_t row, int64_t column,
          int64_t width) {
  return matrix[static_cast<size_t>(row * width + column)];
}

/// With registers of 512 or 256 bits. The schedule for AVX2 takes AVX-VNNI,
/// which this CPU need not have: AVX-512 has the instruction in that width too.
struct QuantizedTest : ::testing::TestWithParam<int> {
  std::filesystem::path directory = std::filesystem::path(::testing::TempDir());
  std::vector<float> x = some(T * K), w = some(K * N), b = some(N), y;

  void SetUp() override {
    if (dotProductDepth(buildForWidth().schedule, ElementType::I8, {}) == 1)
      GTEST_SKIP() << "this CPU has no dot products of integers";
  }

  std::vector<float> some(int64_t count) {
    std::uniform_real_distribution<float> range(-2, 2);
    std::vector<float> values(static_cast<size_t>(count));
    for (float &value : values)
      value = range(random);
    return values;
  }

  /// y (T, N) = b + x (T, K) w (K, N), computed by the compiled program.
  void compute() {
    Build build = buildForWidth();
    EXPECT_EQ(dotProductLanes(build.schedule, {}), GetParam() / 32);
    std::filesystem::path file = directory / "quantized_linear.mlir";
    writeFile(file, {entry});
    CompileRequest request =
        kernelRequest(build.forSizes({{"K", K}, {"N", N}}), "linear");
    // In the place of the chapter's own.
    llvm::erase_if(request.sources, [](const std::filesystem::path &source) {
      return source.parent_path().filename() == "entries";
    });
    request.sources.insert(request.sources.begin(), file);
    Executable program = load(compileToObject(request).bytes);
    auto layout = program.layoutOf(2);
    ASSERT_TRUE(layout && layout->scales && layout->sums);
    EXPECT_EQ(layout->type, ElementType::I8);
    MemRef shape(layout->type, nullptr, layout->shape);
    std::vector<char> packed(shape.bytes());
    std::vector<float> scales(N);
    std::vector<int32_t> sums(N);
    MemRef matrix = shape.at(packed.data());
    program.callWithHostTensors(
        "prepack_2", {matrix, MemRef(scales.data(), {N}),
                      MemRef(sums.data(), {N}), MemRef(w.data(), {K, N})});
    y.assign(T * N, 0);
    program.callWithHostTensors(
        "test_linear", {MemRef(y.data(), {T, N}), MemRef(x.data(), {T, K}),
                        matrix, MemRef(b.data(), {N}),
                        MemRef(scales.data(), {N}), MemRef(sums.data(), {N})});
  }

private:
  std::mt19937 random{7};

  Build buildForWidth() {
    Build build = buildFor(GetParam() == 512 ? "avx512" : "avx2");
    if (GetParam() == 256 &&
        dotProductDepth(build.schedule, ElementType::I8, {}) == 1) {
      std::string text = readFile(build.schedule);
      size_t at = text.find("avxvnni");
      EXPECT_NE(at, std::string::npos);
      text.replace(at, std::strlen("avxvnni"), "avx512vl,avx512vnni");
      build.schedule = directory / "avx2_with_avx512vnni.mlir";
      writeFile(build.schedule, {text});
    }
    return build;
  }
};

// Integers are exact, so that the result is known to the last bits.
TEST_P(QuantizedTest, AProductIsThatOfIntegers) {
  for (int64_t k = 0; k < K; ++k) { // a row and a column of zeros
    at(x, 3, k, K) = 0;
    at(w, k, 5, N) = 0;
  }
  compute();

  // x and w as integers, and what they count.
  auto quantize = [](const std::vector<float> &values, size_t first,
                     size_t step, int64_t count, std::vector<int> &integers) {
    float largest = 0;
    for (int64_t i = 0; i < count; ++i)
      largest = std::max(largest, std::abs(values[first + i * step]));
    integers.assign(static_cast<size_t>(count), 0);
    for (int64_t i = 0; i < count && largest > 0; ++i)
      integers[static_cast<size_t>(i)] = static_cast<int>(
          std::nearbyint(values[first + i * step] * (127 / largest)));
    return double{largest} / 127;
  };
  std::vector<int> row, column;
  for (int64_t t = 0; t < T; ++t)
    for (int64_t n = 0; n < N; ++n) {
      double scale = quantize(x, static_cast<size_t>(t * K), 1, K, row) *
                     quantize(w, static_cast<size_t>(n), static_cast<size_t>(N),
                              K, column);
      int64_t sum = 0;
      for (size_t k = 0; k < row.size(); ++k)
        sum += row[k] * column[k];
      double expected =
          b[static_cast<size_t>(n)] + scale * static_cast<double>(sum);
      EXPECT_NEAR(y[static_cast<size_t>(t * N + n)], expected,
                  1e-6 * (1 + std::abs(expected)))
          << t << ", " << n;
    }
}

// What is no number stays so, in its row or its column; what is infinite is so
// with its sign. Scales of what is hardly more than nothing are rounded, and
// what is scaled is not beyond 127 by that.
TEST_P(QuantizedTest, WhatIsNotFiniteStaysSo) {
  constexpr float inf = INFINITY;
  // Of each row, and of each column, the first term is the largest.
  for (int64_t t = 0; t < T; ++t)
    at(x, t, 0, K) = 2;
  for (int64_t n = 0; n < N; ++n)
    at(w, 0, n, N) = n % 2 == 0 ? 2 : -2;
  at(x, 1, 0, K) = NAN;
  at(x, 2, 0, K) = inf;
  at(x, 3, 0, K) = -inf;
  at(x, 4, 7, K) = NAN; // which is not the first
  at(w, 0, 5, N) = NAN;
  at(w, 0, 6, N) = inf;
  at(w, 0, 7, N) = -inf;
  for (int64_t k = 0; k < K; ++k) {
    at(x, 5, k, K) = k == 0 ? 1e-40f : 0;
    at(w, k, 8, N) = k == 0 ? 2e-43f : 0;
    at(x, 6, k, K) = k == 0 ? 1e18f : 0; // to see them
    at(w, k, 9, N) = k == 0 ? 1e18f : 0;
  }
  std::fill(b.begin(), b.end(), 0.0f);
  compute();
  for (int64_t t = 0; t < T; ++t)
    for (int64_t n = 0; n < N; ++n) {
      float value = at(y, t, n, N), sign = std::copysign(1.0f, at(w, 0, n, N));
      std::string where = std::to_string(t) + ", " + std::to_string(n);
      bool isInfiniteRow = t == 2 || t == 3,
           isInfiniteColumn = n == 6 || n == 7;
      if (t == 1 || t == 4 || n == 5)
        EXPECT_TRUE(std::isnan(value)) << where << ": " << value;
      else if (t == 6 && n == 8)
        EXPECT_NEAR(value, 2e-25, 4e-26) << where;
      else if (t == 5 && n == 9)
        EXPECT_NEAR(value, 0, 1e-23) << where;
      else if ((isInfiniteRow && n != 8) || (isInfiniteColumn && t != 5))
        EXPECT_EQ(value, (t == 3 ? -sign : sign) * inf) << where;
      else if (!isInfiniteRow && !isInfiniteColumn)
        EXPECT_TRUE(std::isfinite(value)) << where << ": " << value;
      else // nothing, infinitely often
        EXPECT_FALSE(std::isfinite(value)) << where << ": " << value;
    }
}

INSTANTIATE_TEST_SUITE_P(Bits, QuantizedTest, ::testing::Values(512, 256));

} // namespace
