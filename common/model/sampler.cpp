//===- sampler.cpp - From logits to the next token ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "model/sampler.h"
#include "support/error.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>
#include <utility>

namespace gpt2 {

void SamplerOptions::validate() const {
  if (!(temperature >= 0) || !std::isfinite(temperature))
    fail("--temperature is ", temperature, "; expected 0 (greedy) or more");
  if (topK < 0)
    fail("--top-k is ", topK, "; expected 0 (all tokens) or more");
  if (!(topP > 0 && topP <= 1))
    fail("--top-p is ", topP, "; expected more than 0, at most 1");
}

Sampler::Sampler(const SamplerOptions &options)
    : options(options), random(options.seed) {
  options.validate();
}

int32_t argmax(std::span<const float> logits) {
  return static_cast<int32_t>(std::max_element(logits.begin(), logits.end()) -
                              logits.begin());
}

void checkLogits(std::span<const float> logits) {
  bool isBroken = false, isPossible = false;
  for (float logit : logits) {
    isBroken |= !(logit < INFINITY);
    isPossible |= logit > -INFINITY;
  }
  if (isPossible && !isBroken)
    return;
  constexpr const char *reason =
      "; the weights are damaged, or too large for the format that they are "
      "kept in, or the compiled program is broken";
  for (size_t i = 0; i < logits.size(); ++i)
    if (!(logits[i] < INFINITY))
      fail("the logit of token ", i,
           std::isnan(logits[i]) ? " is not a number" : " is infinite", reason);
  fail("the logits of all ", logits.size(), " tokens are minus infinity",
       reason);
}

void Sampler::sortAll(std::span<const float> logits) {
  // By three digits of eleven bits, the lowest first (LSD radix sort): stable,
  // so of equal logits the lower id comes first.
  constexpr int digits = 3, bits = 11, values = 1 << bits;
  auto digitOf = [](uint32_t key, int digit) {
    return key >> digit * bits & (values - 1);
  };
  uint32_t places[digits][values] = {};
  keyed.resize(logits.size());
  moved.resize(logits.size());
  for (size_t i = 0; i < logits.size(); ++i) {
    auto key = std::bit_cast<uint32_t>(logits[i] + 0.0f); // -0 is 0
    key ^=
        key >> 31 ? 0 : 0x7fffffffu; // floats' order is their bits', backwards
    keyed[i] = {key, static_cast<int32_t>(i)};
    for (int digit = 0; digit < digits; ++digit)
      ++places[digit][digitOf(key, digit)];
  }
  for (int digit = 0; digit < digits; ++digit) {
    uint32_t before = 0;
    for (uint32_t &place : places[digit])
      before += std::exchange(place, before);
    for (Keyed token : keyed)
      moved[places[digit][digitOf(token.key, digit)]++] = token;
    std::swap(keyed, moved);
  }
  for (size_t i = 0; i < keyed.size(); ++i)
    order[i] = keyed[i].id;
}

void Sampler::rank(std::span<const float> logits, size_t count) {
  order.resize(logits.size());
  constexpr size_t few = 256; // for which a heap is faster
  if (count > few)
    return sortAll(logits);
  std::iota(order.begin(), order.end(), 0);
  auto moreLikely = [&](int32_t a, int32_t b) {
    return logits[a] != logits[b] ? logits[a] > logits[b] : a < b;
  };
  auto last = order.begin() + static_cast<ptrdiff_t>(count);
  std::partial_sort(order.begin(), last, order.end(), moreLikely);
}

int32_t Sampler::sample(std::span<const float> logits) {
  checkLogits(logits);
  if (options.temperature == 0)
    return argmax(logits);

  size_t kept = logits.size();
  if (options.topK > 0)
    kept = std::min(kept, static_cast<size_t>(options.topK));
  rank(logits, kept);
  weights.resize(kept);
  double total = 0;
  for (size_t i = 0; i < kept; ++i) {
    double below = static_cast<double>(logits[order[i]]) - logits[order[0]];
    weights[i] = std::exp(below / options.temperature);
    total += weights[i];
  }
  if (options.topP < 1) {
    double sum = 0, enough = options.topP * total;
    size_t nucleus = 0;
    while (nucleus < kept && sum < enough)
      sum += weights[nucleus++];
    kept = nucleus;
    total = sum;
  }
  while (weights[kept - 1] == 0) // which rounding must not lead to
    --kept;
  // 53 random bits make a double in [0, 1).
  double left = static_cast<double>(random() >> 11) * 0x1p-53 * total;
  for (size_t i = 0; i + 1 < kept; ++i) {
    if (left < weights[i])
      return order[i];
    left -= weights[i];
  }
  return order[kept - 1];
}

} // namespace gpt2
