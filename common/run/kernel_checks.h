//===- kernel_checks.h - Each kernel alone, against the reference -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "device/executable.h"
#include "reference/comparison.h"

namespace gpt2 {

/// Sizes of all kernels: T tokens, H heads of D channels, C in all; a product's
/// K and N; V tokens known.
struct KernelSizes {
  int64_t T, H, D, K, N, V;

  int64_t C() const { return H * D; }
  /// Two layers, of which kernels are given the second; sequences and positions
  /// of the cache.
  static constexpr int64_t L = 2, S = 3;
  int64_t P() const { return T + 3; }

  /// "T7H3D32".
  std::string name() const;
  /// By the letters of shapes.
  std::map<std::string, int64_t> byLetter() const;
};

/// GPT-2's shapes, and awkward ones. With matrices in bf16, those of which C is
/// a multiple of 16 are what matrix units take: K and N are, too.
const std::vector<KernelSizes> &kernelSizesFor(ElementType weights);

/// What a kernel computed, beside the reference.
struct KernelCheck {
  std::string kernel;
  Comparison comparison;
  double tolerance;
};

/// Runs entries test_NAME of a program that was compiled for these sizes, and
/// compares what they compute. Matrices are given as the program takes them,
/// and the reference has the same numbers. If `roundsFactors`, the program's
/// `linear` and `attention` round to bf16 what they multiply.
class KernelChecks {
public:
  KernelChecks(Executable &kernels, const KernelSizes &sizes,
               bool roundsFactors = false);

  KernelCheck embedding();
  /// Of rows of about `scale`.
  KernelCheck layernorm(float scale);
  KernelCheck linear();
  KernelCheck attention();
  KernelCheck updateCache();
  KernelCheck gelu();
  KernelCheck residual();
  KernelCheck logits();

  /// All that the program has; layernorm with rows of deviation 1, of 1e-3
  /// (where epsilon counts), and constant ones.
  std::vector<KernelCheck> all();

private:
  /// Whether the kernels know tokens' places in a cache.
  bool keepsCache() const { return kernels.has("test_update_cache"); }
  void call(const std::string &entry, std::vector<MemRef> arguments);
  KernelCheck plainAttention();
  KernelCheck cachedAttention();

  Executable &kernels;
  KernelSizes s;
  bool roundsFactors;
};

} // namespace gpt2
