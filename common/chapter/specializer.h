//===- specializer.h - Programs compiled while others compute -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "chapter/build.h"
#include "run/dispatcher.h"
#include "run/times.h"
#include "serve/traffic.h"

#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace gpt2 {

/// Sees the steps of a server, asks the chapter's policy what to compile, and
/// compiles it on a thread of the lowest priority. What comes of it is offered
/// to a dispatcher.
class Specializer {
public:
  /// `build` is the general program's, `arguments` how many arguments its
  /// entries have. The policy is asked every `pauseSeconds`. Keeps references
  /// to all but the numbers. Throws an Error as rowsOfABlock() does.
  Specializer(const Build &build,
              const std::optional<std::filesystem::path> &cacheDirectory,
              Dispatcher &dispatcher, size_t arguments, double compileSeconds,
              double pauseSeconds = 1);
  /// Waits for a compilation that is under way.
  ~Specializer();

  /// A step of so many tokens was computed.
  void sawStep(size_t tokens);

  /// What became of the programs for steps of some size.
  struct Row {
    int64_t tokens;       ///< of a step
    std::string state;    ///< of the dispatcher's, "being compiled" or "failed"
    std::string why = {}; ///< if it does not serve
    uint64_t steps = 0;
    std::optional<double> gain = {}; ///< of a step's time, what it saves
    double age = 0;                  ///< seconds in this state
  };
  std::vector<Row> table() const;
  bool isCompiling() const;

private:
  void work();
  Observations observe() const;
  bool compile(int64_t tokens);

  const Build &build;
  const std::optional<std::filesystem::path> cacheDirectory;
  Dispatcher &dispatcher;
  const size_t arguments;
  const int64_t generalRows;
  const std::chrono::duration<double> pause;
  Stopwatch clock;
  mutable std::mutex mutex;
  std::condition_variable changed;
  RatesBySize rates{60};
  std::vector<int64_t> tried;
  std::vector<Row> failures; ///< whose age is when they failed
  double compileSeconds;
  int64_t tokensCompiling = 0;
  double compilingSince = 0;
  bool mustEnd = false;
  std::thread thread;
};

/// Rows in whose multiples the program of `build` computes tokens. Throws an
/// Error if its schedule does not say.
int64_t rowsOfABlock(const Build &build);

/// For people: [{"step", "state", "since", "steps", "quicker by"}].
nlohmann::json toJson(const std::vector<Specializer::Row> &table);
/// In Prometheus' text format.
std::string toPrometheus(const std::vector<Specializer::Row> &table);

} // namespace gpt2
