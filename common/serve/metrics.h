//===- metrics.h - What a server did, in numbers ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "run/times.h"
#include "serve/scheduler.h"
#include "serve/traffic.h"

#include <nlohmann/json_fwd.hpp>

#include <array>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace gpt2 {

/// Seconds, counted by how many are at most as long as a bound.
struct SecondsHistogram {
  static constexpr std::array<double, 14> bounds{
      0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30};
  std::array<uint64_t, bounds.size()> atMost{};
  uint64_t count = 0;
  double sum = 0;

  void add(double seconds);
};

/// Counts from any thread.
class Metrics {
public:
  void count(const StepShape &shape);
  void countRefused();
  void countPrompt(int64_t tokens);
  void countFirstToken(double seconds);
  void countNextToken(double seconds);
  void countEnding(EndReason reason, int64_t reusedTokens, double seconds);
  void setTexts(size_t underWay, size_t waiting, size_t kept);

  /// About how long a request takes.
  double secondsOfARequest() const;

  /// In Prometheus' text format, version 0.0.4.
  std::string prometheus() const;
  /// For the page: what is now, and the last minute's steps.
  nlohmann::json toJson() const;

private:
  /// What steps of one second did.
  struct Second {
    int64_t at = 0;
    uint64_t tokens = 0, steps = 0, texts = 0;
  };

  mutable std::mutex mutex;
  Stopwatch clock;
  uint64_t steps = 0, newTokens = 0, promptTokens = 0, computedPromptTokens = 0,
           reusedTokens = 0, refused = 0;
  double stepSeconds = 0, modelSeconds = 0;
  std::map<EndReason, uint64_t> endings;
  SecondsHistogram firstToken, nextToken, request;
  size_t underWay = 0, waiting = 0, kept = 0;
  Traffic traffic;
  std::vector<Second> lastMinute;
};

/// "stop", "length", "cancelled", "error".
const char *nameOf(EndReason reason);

} // namespace gpt2
