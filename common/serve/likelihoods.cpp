//===- likelihoods.cpp - What logits say of tokens ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "serve/likelihoods.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace gpt2 {

Likelihoods::Likelihoods(std::span<const float> logits, size_t count)
    : logits(logits) {
  double largest = *std::ranges::max_element(logits), sum = 0;
  for (float logit : logits)
    sum += std::exp(logit - largest);
  logOfSum = largest + std::log(sum);
  std::vector<int32_t> ids(logits.size());
  std::iota(ids.begin(), ids.end(), 0);
  count = std::min(count, ids.size());
  std::partial_sort(ids.begin(), ids.begin() + static_cast<ptrdiff_t>(count),
                    ids.end(), [&](int32_t a, int32_t b) {
                      return logits[a] != logits[b] ? logits[a] > logits[b]
                                                    : a < b;
                    });
  for (size_t i = 0; i < count; ++i)
    best.emplace_back(ids[i], of(ids[i]));
}

} // namespace gpt2
