//===- traffic.h - The shapes that come, the newest counting most -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstdint>
#include <map>
#include <vector>

namespace gpt2 {

/// How often values came, by buckets that end at powers of two: 1, 2, 3-4, 5-8.
/// What came a half-life ago counts half.
class DecayingHistogram {
public:
  explicit DecayingHistogram(double halfLifeSeconds)
      : halfLife(halfLifeSeconds) {}

  /// `now` in seconds from any start, never going back.
  void add(int64_t value, double now, double weight = 1);

  struct Bucket {
    int64_t from, to; ///< both are in it
    double weight;
  };
  /// Those with something in them, in order.
  std::vector<Bucket> at(double now) const;

private:
  struct Entry {
    double weight = 0, since = 0;
  };
  double decayed(const Entry &entry, double now) const;

  double halfLife;
  std::map<int64_t, Entry> entries; ///< by the end of their bucket
};

/// How many times a second each value came, lately: what came a half-life ago
/// counts half.
class RatesBySize {
public:
  explicit RatesBySize(double halfLifeSeconds) : halfLife(halfLifeSeconds) {}

  /// `now` in seconds since the first could have come, never going back.
  void add(int64_t value, double now);
  std::map<int64_t, double> at(double now) const;

private:
  struct Entry {
    double weight = 0, since = 0;
  };
  double halfLife;
  std::map<int64_t, Entry> entries;
};

/// What comes to a server.
struct Traffic {
  DecayingHistogram prompts{300};  ///< tokens of a prompt, a request
  DecayingHistogram widths{300};   ///< texts that got a token, a step
  DecayingHistogram contexts{300}; ///< of a step's longest sequence
};

} // namespace gpt2
