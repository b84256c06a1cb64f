//===- peak_loops.cpp - Multiply-adds and nothing else ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A multiply-add takes about four cycles, and up to two start in each: twelve
// sums that do not depend on each other keep every unit busy, and fit in the
// sixteen registers of AVX2. They start from different values, or the compiler
// would see that one is enough.
//
//===----------------------------------------------------------------------===//
#include "limits/limits.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif

namespace gpt2 {
namespace {

constexpr int sums = 12;

#if defined(__x86_64__)

__attribute__((target("avx512f"))) double fmaAvx512(int64_t iterations) {
  __m512 sum[sums], a = _mm512_set1_ps(0.5f), b = _mm512_set1_ps(0.25f);
  for (int i = 0; i < sums; ++i)
    sum[i] = _mm512_set1_ps(static_cast<float>(i));
  for (int64_t iteration = 0; iteration < iterations; ++iteration)
    for (__m512 &s : sum)
      s = _mm512_fmadd_ps(s, a, b);
  for (int i = 1; i < sums; ++i)
    sum[0] = _mm512_add_ps(sum[0], sum[i]);
  return sum[0][0];
}

__attribute__((target("avx2,fma"))) double fmaAvx2(int64_t iterations) {
  __m256 sum[sums], a = _mm256_set1_ps(0.5f), b = _mm256_set1_ps(0.25f);
  for (int i = 0; i < sums; ++i)
    sum[i] = _mm256_set1_ps(static_cast<float>(i));
  for (int64_t iteration = 0; iteration < iterations; ++iteration)
    for (__m256 &s : sum)
      s = _mm256_fmadd_ps(s, a, b);
  for (int i = 1; i < sums; ++i)
    sum[0] = _mm256_add_ps(sum[0], sum[i]);
  return sum[0][0];
}

__attribute__((target("avx512f,avx512bf16"))) double
dotBf16Avx512(int64_t iterations) {
  __m512 sum[sums];
  __m512bh a = _mm512_cvtne2ps_pbh(_mm512_set1_ps(1), _mm512_set1_ps(1));
  for (int i = 0; i < sums; ++i)
    sum[i] = _mm512_set1_ps(static_cast<float>(i));
  for (int64_t iteration = 0; iteration < iterations; ++iteration)
    for (__m512 &s : sum)
      s = _mm512_dpbf16_ps(s, a, a);
  for (int i = 1; i < sums; ++i)
    sum[0] = _mm512_add_ps(sum[0], sum[i]);
  return sum[0][0];
}

__attribute__((target("avx512f,avx512vnni"))) double
dotInt8Avx512(int64_t iterations) {
  __m512i sum[sums], a = _mm512_set1_epi8(3);
  for (int i = 0; i < sums; ++i)
    sum[i] = _mm512_set1_epi32(i);
  for (int64_t iteration = 0; iteration < iterations; ++iteration)
    for (__m512i &s : sum)
      s = _mm512_dpbusd_epi32(s, a, a);
  for (int i = 1; i < sums; ++i)
    sum[0] = _mm512_add_epi32(sum[0], sum[i]);
  return static_cast<int32_t>(sum[0][0]);
}

__attribute__((target("avx2,avxvnni"))) double dotInt8Avx(int64_t iterations) {
  __m256i sum[sums], a = _mm256_set1_epi8(3);
  for (int i = 0; i < sums; ++i)
    sum[i] = _mm256_set1_epi32(i);
  for (int64_t iteration = 0; iteration < iterations; ++iteration)
    for (__m256i &s : sum)
      s = _mm256_dpbusd_avx_epi32(s, a, a);
  for (int i = 1; i < sums; ++i)
    sum[0] = _mm256_add_epi32(sum[0], sum[i]);
  return static_cast<int32_t>(sum[0][0]);
}

/// GCC 12's __builtin_cpu_supports does not know "avxvnni".
bool hasAvxVnni() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a >> 4 & 1);
}

#endif

/// For any CPU: four floats a vector. The compiler contracts product and sum
/// if it may use a fused instruction (always on AArch64).
double fmaVector4(int64_t iterations) {
  using Vector = float __attribute__((vector_size(16)));
  Vector sum[sums], a = {0.5f, 0.5f, 0.5f, 0.5f}, b = a * a;
  for (int i = 0; i < sums; ++i)
    sum[i] = Vector{} + static_cast<float>(i);
  for (int64_t iteration = 0; iteration < iterations; ++iteration)
    for (Vector &s : sum)
      s = s * a + b;
  for (int i = 1; i < sums; ++i)
    sum[0] += sum[i];
  return sum[0][0];
}

} // namespace

#if defined(__x86_64__)
__attribute__((target_clones("avx512f", "avx2", "default")))
#endif
uint64_t
sumOf(const uint64_t *data, int64_t count) {
  using Vector = uint64_t __attribute__((vector_size(64)));
  const auto *vectors = reinterpret_cast<const Vector *>(data);
  Vector sum[4] = {}; // so that loads need not wait for an addition
  for (int64_t i = 0; i < count / 8; i += 4)
    for (int j = 0; j < 4; ++j)
      sum[j] += vectors[i + j];
  sum[0] += sum[1] + sum[2] + sum[3];
  uint64_t total = 0;
  for (int j = 0; j < 8; ++j)
    total += sum[0][j];
  return total;
}

PeakLoops peakLoops() {
  PeakLoops loops;
#if defined(__aarch64__)
  loops.fma = {"NEON", 4 * sums, fmaVector4};
#else
  loops.fma = {"vectors of 4", 4 * sums, fmaVector4};
#endif
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f"))
    loops.fma = {"AVX-512", 16 * sums, fmaAvx512};
  else if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    loops.fma = {"AVX2", 8 * sums, fmaAvx2};
  if (__builtin_cpu_supports("avx512bf16"))
    loops.dotBf16 = {"AVX512-BF16", 32 * sums, dotBf16Avx512};
  if (__builtin_cpu_supports("avx512vnni"))
    loops.dotInt8 = {"AVX512-VNNI", 64 * sums, dotInt8Avx512};
  else if (__builtin_cpu_supports("avx2") && hasAvxVnni())
    loops.dotInt8 = {"AVX-VNNI", 32 * sums, dotInt8Avx};
#endif
  return loops;
}

} // namespace gpt2
