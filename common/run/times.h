//===- times.h - What a run took, for people and for programs -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "device/device.h"
#include "model/generate.h"

#include <nlohmann/json_fwd.hpp>

#include <chrono>

namespace gpt2 {

/// Seconds since it was made.
class Stopwatch {
public:
  double seconds() const {
    return std::chrono::duration<double>(Clock::now() - start).count();
  }

private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point start = Clock::now();
};

struct BatchTimes;

/// Where a run's time went, in seconds.
struct Times {
  double compile = 0, load = 0;
  bool fromCache = false; ///< the compiled object was
  bool isOpened = false;  ///< a library was, and nothing compiled

  /// One line on stderr: compile, load, first token, per token (median).
  void print(const Generation &generation) const;

  /// The same for many prompts at once: tokens a second.
  void print(const BatchTimes &batch) const;
  nlohmann::json toJson(const BatchTimes &batch) const;

  /// The same with every step: {"compile", "from_cache", "load", "steps",
  /// "in_compiled_code"}.
  nlohmann::json toJson(const Generation &generation) const;
};

/// What launches took, as a table: a row a kernel, the slowest first, per one
/// of `steps`.
std::string describe(std::vector<KernelTime> times, size_t steps);

/// The same as [{"kernel", "launches", "seconds"}], of all steps.
nlohmann::json toJson(const std::vector<KernelTime> &times);

} // namespace gpt2
