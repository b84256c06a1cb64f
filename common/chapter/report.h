//===- report.h - What a run took, for people and for programs ----------===//
#pragma once

#include "chapter/chapter.h"
#include "model/generate.h"

#include "llvm/Support/JSON.h"

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

/// Where a run's time went, in seconds.
struct Times {
  double compile = 0, load = 0;
  bool fromCache = false; ///< the compiled object was

  /// One line on stderr: compile, load, first token, per token (median).
  void print(const Generation &generation) const;

  /// The same with every step: {"compile", "from_cache", "load", "steps",
  /// "in_compiled_code"}.
  llvm::json::Value toJson(const Generation &generation) const;
};

/// What launches took, as a table: a row a kernel, the slowest first, per one
/// of `steps`.
std::string describe(std::vector<KernelTime> times, size_t steps);

/// The same as [{"kernel", "launches", "seconds"}], of all steps.
llvm::json::Value toJson(const std::vector<KernelTime> &times);

/// What a chapter is and the model's sizes: {"chapter", "title", "parent",
/// "devices": [{"name"}], "max_threads", "llvm", "cpu", "model": {...}}.
llvm::json::Value describe(const Chapter &chapter, const Config &config);

/// `scores` as a table.
std::string describe(const Scores &scores);

/// The same as {"tokens", "cache", "prompt": {...}, "next": {...}}.
llvm::json::Value toJson(const Scores &scores);

/// `value` as text, with a newline at its end.
std::string toText(const llvm::json::Value &value);

} // namespace gpt2
