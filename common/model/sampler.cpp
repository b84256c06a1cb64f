//===- sampler.cpp - From logits to the next token ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "model/sampler.h"
#include "support/error.h"

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

namespace {

// Both in eight strands, none of which waits for another, and written so that
// they become vector instructions.

/// Of those that are numbers.
float largestOf(std::span<const float> values) {
  float best[8];
  std::ranges::fill(best, -INFINITY);
  size_t i = 0;
  for (; i + 8 <= values.size(); i += 8)
    for (size_t k = 0; k < 8; ++k)
      best[k] = best[k] < values[i + k] ? values[i + k] : best[k];
  for (; i < values.size(); ++i)
    best[0] = best[0] < values[i] ? values[i] : best[0];
  return std::ranges::max(best);
}

bool hasNan(std::span<const float> values) {
  int found[8] = {};
  size_t i = 0;
  for (; i + 8 <= values.size(); i += 8)
    for (size_t k = 0; k < 8; ++k)
      found[k] |= !(values[i + k] <= INFINITY);
  for (; i < values.size(); ++i)
    found[0] |= !(values[i] <= INFINITY);
  return std::ranges::max(found) != 0;
}

} // namespace

int32_t argmax(std::span<const float> logits) {
  return static_cast<int32_t>(std::ranges::find(logits, largestOf(logits)) -
                              logits.begin());
}

void checkLogits(std::span<const float> logits) {
  float largest = largestOf(logits);
  if (-INFINITY < largest && largest < INFINITY && !hasNan(logits))
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

namespace {

/// Probabilities in a class differ by a factor of at most e^(1/32).
constexpr int classesPerUnit = 32;
/// The last class is for what is e^-64 times as likely as the likeliest token,
/// or less: beside it that is nothing, were there a million of them.
constexpr int lastClass = 64 * classesPerUnit;

/// e^-x where a class begins; in the last, nothing.
double beginningOf(size_t number) {
  static const std::vector<double> values = [] {
    std::vector<double> values(lastClass + 1, 0);
    for (int number = 0; number < lastClass; ++number)
      values[static_cast<size_t>(number)] =
          std::exp(-static_cast<double>(number) / classesPerUnit);
    return values;
  }();
  return values[number];
}

/// What e^-x is at `distance`, in classes, times as large as where the class
/// there begins, to 1e-11 of it: Taylor's terms.
double besideBeginning(double distance, int number) {
  double x = (distance - number) * (1.0 / classesPerUnit), square = x * x;
  return 1 - x +
         square *
             (1.0 / 2 - x * (1.0 / 6) + square * (1.0 / 24 - x * (1.0 / 120)));
}

} // namespace

/// From the most likely token, in classes.
double Sampler::distanceOf(float logit) const {
  double distance = (largest - logit) * scale;
  return distance < lastClass ? distance : lastClass;
}

double Sampler::weightOf(int32_t token, size_t number) const {
  return beginningOf(number) *
         besideBeginning(distanceOf(logits[token]), static_cast<int>(number));
}

/// All tokens, or, if that is not 0, a few that are the most likely.
void Sampler::consider(size_t few) {
  auto isBefore = [&](int32_t a, int32_t b) {
    return logits[a] != logits[b] ? logits[a] > logits[b] : a < b;
  };
  tokens.resize(logits.size());
  std::iota(tokens.begin(), tokens.end(), 0);
  if (few > 0 && few < tokens.size()) {
    auto last = tokens.begin() + static_cast<ptrdiff_t>(few);
    std::partial_sort(tokens.begin(), last, tokens.end(), isBefore);
    tokens.resize(few);
  }
}

void Sampler::classify() {
  largest = largestOf(logits);
  scale = classesPerUnit / std::max(options.temperature, 1e-30);
  classes.assign(lastClass + 1, {});
  classOf.resize(tokens.size());
  for (size_t i = 0; i < tokens.size(); ++i) {
    double distance = distanceOf(logits[tokens[i]]);
    auto number = static_cast<int>(distance);
    classOf[i] = static_cast<uint16_t>(number);
    Class &its = classes[static_cast<size_t>(number)];
    ++its.tokens;
    its.weight += besideBeginning(distance, number);
  }
  for (size_t number = 0; number < classes.size(); ++number)
    classes[number].weight *= beginningOf(number);
}

/// The most likely first, and of equal ones the lower id.
void Sampler::sortClass(size_t number) {
  sorted.clear();
  for (size_t i = 0; i < classOf.size(); ++i)
    if (classOf[i] == number)
      sorted.push_back(tokens[i]);
  std::ranges::stable_sort(
      sorted, [&](int32_t a, int32_t b) { return logits[a] > logits[b]; });
}

/// The `count` most likely, or all.
Sampler::Place Sampler::first(size_t count) {
  Place place;
  while (place.number < classes.size() &&
         classes[place.number].tokens <= count) {
    count -= classes[place.number].tokens;
    place.weight += classes[place.number++].weight;
  }
  if (count == 0 || place.number == classes.size())
    return place;
  sortClass(place.number);
  while (place.tokens < count)
    place.weight += weightOf(sorted[place.tokens++], place.number);
  return place;
}

/// The first place before or at `end` of whose weight `reached` is true, as it
/// has to be of that of `end`.
template <typename Reached>
Sampler::Place Sampler::find(const Place &end, Reached reached) {
  Place place;
  for (; place.number < end.number + (end.tokens > 0); ++place.number) {
    const Class &its = classes[place.number];
    bool isWhole = place.number < end.number;
    if (isWhole && !reached(place.weight + its.weight)) {
      place.weight += its.weight;
      continue;
    }
    sortClass(place.number);
    size_t count = isWhole ? its.tokens : end.tokens;
    for (place.tokens = 0; place.tokens < count && its.weight > 0;) {
      place.token = sorted[place.tokens++];
      place.weight += weightOf(place.token, place.number);
      if (reached(place.weight))
        return place;
    }
  }
  // Rounding led past the end.
  return {end.number, end.tokens, place.weight, place.token};
}

int32_t Sampler::sample(std::span<const float> row) {
  checkLogits(row);
  if (options.temperature == 0)
    return argmax(row);
  logits = row;
  auto topK = static_cast<size_t>(options.topK);
  constexpr size_t few = 256; // for which a heap is faster than classes
  consider(topK <= few ? topK : 0);
  classify();
  Place end = first(topK == 0 ? tokens.size() : topK);
  if (options.topP < 1) {
    double enough = options.topP * end.weight;
    end = find(end, [&](double sum) { return sum >= enough; });
  }
  // 53 random bits make a double in [0, 1).
  double drawn = static_cast<double>(random() >> 11) * 0x1p-53 * end.weight;
  return find(end, [&](double sum) { return sum > drawn; }).token;
}

} // namespace gpt2
