//===- kernels_cache_test.cpp - The kernels that know the cache ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "chapter/conformance/chapter_test.h"
#include "reference/values.h"

#include <algorithm>

using namespace gpt2;
using namespace gpt2::testing;

namespace {

struct CacheSizes {
  int64_t S, L, H, P, D;
  int64_t C() const { return H * D; }
  int64_t elements() const { return S * L * C() * P; }
  /// Where channel 0 of a head is kept.
  size_t at(int64_t s, int64_t l, int64_t h, int64_t p) const {
    return static_cast<size_t>((((s * L + l) * H + h) * P + p) * D);
  }
};

/// Tokens of three sequences, as many as the context has: one of nearly all its
/// positions, in no order; one that has come to position 4; one at its first.
struct Places {
  std::vector<int32_t> sequences, positions;
};

Places placesFor(const CacheSizes &s) {
  Places places;
  for (int64_t p = s.P - 1; p >= 2; --p) {
    places.sequences.push_back(1);
    places.positions.push_back(static_cast<int32_t>((p * 3 + 1) % s.P));
  }
  places.sequences.insert(places.sequences.end(), {2, 0});
  places.positions.insert(places.positions.end(), {4, 0});
  return places;
}

class CacheKernels : public ::testing::TestWithParam<ElementType> {
protected:
  CacheSizes s{.S = 3, .L = 2, .H = 3, .P = 37, .D = 20};
  Places places = placesFor(s);
  int64_t T = static_cast<int64_t>(places.positions.size());
  ElementType type = GetParam();
  MemRef sequences{places.sequences.data(), {T}},
      positions{places.positions.data(), {T}};
  std::vector<uint16_t> narrowKeys, narrowValues;

  Executable program() {
    Build build(tested().chapter, Sizes{{"S", s.S},
                                        {"L", s.L},
                                        {"H", s.H},
                                        {"P", s.P},
                                        {"D", s.D},
                                        {"C", s.C()},
                                        {"K", 1},
                                        {"N", 1},
                                        {"V", 1}});
    build.formats.cache = type;
    return compiledKernels(build);
  }

  float rounded(float value) const {
    return type == ElementType::BF16 ? bfloatToFloat(floatToBfloat(value))
                                     : value;
  }

  /// `cache` as the program takes it, in `narrow` if that is bf16.
  MemRef asArgument(std::vector<float> &cache, std::vector<uint16_t> &narrow) {
    std::vector<int64_t> shape = {s.S, s.L, s.H, s.P, s.D};
    if (type == ElementType::F32)
      return {cache.data(), shape};
    narrow.resize(cache.size());
    std::transform(cache.begin(), cache.end(), narrow.begin(), floatToBfloat);
    return {narrow.data(), shape};
  }

  /// What a program left in what asArgument() made.
  std::vector<float> read(const std::vector<float> &cache,
                          const std::vector<uint16_t> &narrow) const {
    if (type == ElementType::F32)
      return cache;
    std::vector<float> wide(narrow.size());
    std::transform(narrow.begin(), narrow.end(), wide.begin(), bfloatToFloat);
    return wide;
  }
};

TEST_P(CacheKernels, UpdateWritesEachTokensPlaceAndNoOther) {
  auto qkv = randomValues(T * 3 * s.C(), 1, 1);
  auto keys = randomValues(s.elements(), 1, 2),
       values = randomValues(s.elements(), 1, 3);
  std::vector<float> expectedKeys = keys, expectedValues = values;
  for (std::vector<float> *cache : {&expectedKeys, &expectedValues})
    for (float &value : *cache)
      value = rounded(value);
  for (int64_t t = 0; t < T; ++t)
    for (int64_t h = 0; h < s.H; ++h)
      for (int64_t d = 0; d < s.D; ++d) {
        size_t to = s.at(places.sequences[t], 1, h, places.positions[t]) + d;
        size_t from = ((t * 3 + 1) * s.H + h) * s.D + d;
        expectedKeys[to] = rounded(qkv[from]);
        expectedValues[to] = rounded(qkv[from + s.C()]);
      }
  MemRef k = asArgument(keys, narrowKeys), v = asArgument(values, narrowValues);
  program().callWithHostTensors(
      "test_update_cache",
      {k, v, MemRef(qkv.data(), {T, 3, s.H, s.D}), sequences, positions});
  EXPECT_EQ(read(keys, narrowKeys), expectedKeys);
  EXPECT_EQ(read(values, narrowValues), expectedValues);
}

TEST_P(CacheKernels, AttentionReadsWhatIsFilled) {
  // What must not be read is not a number.
  std::vector<float> keys(s.elements(), NAN), values(s.elements(), NAN);
  auto sequenceOf = [&](int64_t seed) {
    return randomValues(s.P * 3 * s.C(), 2, static_cast<uint64_t>(seed));
  };
  auto qkv = randomValues(T * 3 * s.C(), 2, 9);
  for (int64_t t = 0; t < T; ++t) {
    int64_t sequence = places.sequences[t], p = places.positions[t];
    std::vector<float> all = sequenceOf(sequence);
    int64_t filled = sequence == 1 ? s.P : p + 1;
    for (int64_t j = 0; j < filled; ++j)
      for (int64_t h = 0; h < s.H; ++h)
        for (int64_t d = 0; d < s.D; ++d) {
          size_t from = ((j * 3 + 1) * s.H + h) * s.D + d;
          size_t to = s.at(sequence, 1, h, j) + d;
          keys[to] = rounded(all[from]);
          values[to] = rounded(all[from + s.C()]);
        }
    // Only the query is read of qkv.
    std::copy_n(&all[p * 3 * s.C()], s.C(), &qkv[t * 3 * s.C()]);
  }
  std::vector<float> y(T * s.C(), NAN);
  MemRef k = asArgument(keys, narrowKeys), v = asArgument(values, narrowValues);
  program().callWithHostTensors("test_attention",
                                {MemRef(y.data(), {1, T, s.H, s.D}),
                                 MemRef(qkv.data(), {T, 3, s.H, s.D}),
                                 sequences, positions, k, v});

  reference::Vector expected;
  for (int64_t t = 0; t < T; ++t) {
    std::vector<float> all = sequenceOf(places.sequences[t]);
    for (size_t i = 0; i < all.size(); ++i)
      if (i / s.C() % 3 != 0) // not a query
        all[i] = rounded(all[i]);
    reference::Vector rows = reference::attention(inDouble(all), s.H, s.D);
    expected.insert(expected.end(), &rows[places.positions[t] * s.C()],
                    &rows[places.positions[t] * s.C()] + s.C());
  }
  // As for attention without a cache: the sums are the same.
  double score = sumTolerance(s.D + 1, std::sqrt(static_cast<double>(s.D)));
  double tolerance = 2 * (2 * score + sumTolerance(s.P + 4, 1));
  Comparison comparison = compare(y, expected, tolerance);
  EXPECT_TRUE(comparison.within) << comparison.describe(tolerance);
}

INSTANTIATE_TEST_SUITE_P(Formats, CacheKernels,
                         ::testing::Values(ElementType::F32, ElementType::BF16),
                         [](const auto &info) {
                           return std::string(nameOf(info.param));
                         });

} // namespace
