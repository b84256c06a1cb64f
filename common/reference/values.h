//===- values.h - Numbers for tests and benchmarks ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "reference/reference.h"

#include <cstdint>
#include <random>
#include <vector>

namespace gpt2 {

/// `count` numbers in [-scale, scale), the same for equal seeds everywhere.
inline std::vector<float> randomValues(size_t count, float scale = 1,
                                       uint64_t seed = 1) {
  std::mt19937_64 random(seed);
  std::vector<float> values(count);
  for (float &value : values)
    value = scale * (static_cast<float>(random() >> 40) * 0x1p-23f - 1);
  return values;
}

/// What the reference takes.
inline reference::Vector inDouble(std::span<const float> values) {
  return {values.begin(), values.end()};
}

} // namespace gpt2
