//===- traffic.cpp - The shapes that come, the newest counting most -----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "serve/traffic.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace gpt2 {

double DecayingHistogram::decayed(const Entry &entry, double now) const {
  return entry.weight * std::exp2((entry.since - now) / halfLife);
}

void DecayingHistogram::add(int64_t value, double now, double weight) {
  auto end = static_cast<int64_t>(
      std::bit_ceil(static_cast<uint64_t>(std::max<int64_t>(value, 1))));
  Entry &entry = entries[end];
  entry = {decayed(entry, now) + weight, now};
}

std::vector<DecayingHistogram::Bucket> DecayingHistogram::at(double now) const {
  std::vector<Bucket> buckets;
  for (const auto &[end, entry] : entries)
    buckets.push_back({end / 2 + 1, end, decayed(entry, now)});
  if (!buckets.empty() && buckets.front().to == 1)
    buckets.front().from = 1;
  return buckets;
}

void RatesBySize::add(int64_t value, double now) {
  Entry &entry = entries[value];
  entry = {entry.weight * std::exp2((entry.since - now) / halfLife) + 1, now};
}

std::map<int64_t, double> RatesBySize::at(double now) const {
  // So many seconds the weights stand for: the sum of all that a second counts.
  double seconds = halfLife / std::log(2.0) * (1 - std::exp2(-now / halfLife));
  std::map<int64_t, double> rates;
  for (const auto &[value, entry] : entries)
    rates[value] = entry.weight * std::exp2((entry.since - now) / halfLife) /
                   std::max(seconds, 1.0);
  return rates;
}

} // namespace gpt2
