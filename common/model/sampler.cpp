//===- sampler.cpp - From logits to the next token ----------------------===//
#include "model/sampler.h"
#include "model/error.h"

#include <algorithm>
#include <cmath>
#include <numeric>

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

int32_t Sampler::sample(std::span<const float> logits) {
  for (size_t i = 0; i < logits.size(); ++i)
    if (std::isnan(logits[i]))
      fail("the logit of token ", i,
           " is not a number; the weights or the "
           "compiled program are broken");
  if (options.temperature == 0)
    return argmax(logits);

  order.resize(logits.size());
  std::iota(order.begin(), order.end(), 0);
  auto moreLikely = [&](int32_t a, int32_t b) {
    return logits[a] != logits[b] ? logits[a] > logits[b] : a < b;
  };
  size_t kept = order.size();
  if (options.topK > 0)
    kept = std::min(kept, static_cast<size_t>(options.topK));
  auto last = order.begin() + static_cast<ptrdiff_t>(kept);
  std::partial_sort(order.begin(), last, order.end(), moreLikely);

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
