//===- specializer.h - Programs compiled while others compute -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "chapter/build.h"
#include "run/dispatcher.h"
#include "run/times.h"
#include "serve/traffic.h"

#include <nlohmann/json_fwd.hpp>

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
  /// entries have. Keeps references to all but the numbers.
  Specializer(const Build &build,
              const std::optional<std::filesystem::path> &cacheDirectory,
              Dispatcher &dispatcher, size_t arguments, double compileSeconds);
  /// Waits for a compilation that is under way.
  ~Specializer();

  /// A step of so many tokens was computed.
  void sawStep(size_t tokens);

  /// The dispatcher's table, what is compiled now and what could not be, for
  /// people: [{"step", "program", "state", "steps", "gain"}].
  nlohmann::json table() const;

private:
  void work();
  Observations observe() const;
  bool compile(int64_t tokens);

  const Build &build;
  const std::optional<std::filesystem::path> cacheDirectory;
  Dispatcher &dispatcher;
  const size_t arguments;
  Stopwatch clock;
  mutable std::mutex mutex;
  std::condition_variable changed;
  RatesBySize rates{60};
  std::vector<int64_t> tried;
  std::vector<std::pair<int64_t, std::string>> failures;
  double compileSeconds;
  int64_t tokensCompiling = 0;
  bool mustEnd = false;
  std::thread thread;
};

} // namespace gpt2
