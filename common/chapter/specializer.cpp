//===- specializer.cpp - Programs compiled while others compute ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "chapter/specializer.h"
#include "compiler/compile.h"
#include "compiler/schedule/schedule.h"
#include "serve/prometheus_text.h"
#include "support/error.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"

#include <nlohmann/json.hpp>

#include <sys/resource.h>
#include <unistd.h>

namespace gpt2 {

Specializer::Specializer(
    const Build &build,
    const std::optional<std::filesystem::path> &cacheDirectory,
    Dispatcher &dispatcher, size_t arguments, double compileSeconds,
    double pauseSeconds)
    : build(build), cacheDirectory(cacheDirectory), dispatcher(dispatcher),
      arguments(arguments), generalRows(rowsOfABlock(build)),
      pause(pauseSeconds), compileSeconds(compileSeconds),
      thread([this] { work(); }) {}

int64_t rowsOfABlock(const Build &build) {
  return numberIn(build.scheduleFiles().front(), "rows");
}

Specializer::~Specializer() {
  {
    std::lock_guard lock(mutex);
    mustEnd = true;
  }
  changed.notify_all();
  thread.join();
}

void Specializer::sawStep(size_t tokens) {
  std::lock_guard lock(mutex);
  rates.add(static_cast<int64_t>(tokens), clock.seconds());
}

std::vector<Specializer::Row> Specializer::table() const {
  std::vector<Row> rows;
  for (const Dispatcher::Row &row : dispatcher.table()) {
    rows.push_back({row.tokens, nameOf(row.state), row.why, row.steps});
    if (row.seconds > 0 && row.general > 0)
      rows.back().gain = 1 - row.seconds / row.general;
    rows.back().age = row.age;
  }
  std::lock_guard lock(mutex);
  double now = clock.seconds();
  for (Row failure : failures) {
    failure.age = now - failure.age;
    rows.push_back(failure);
  }
  if (tokensCompiling != 0)
    rows.push_back({.tokens = tokensCompiling,
                    .state = "being compiled",
                    .age = now - compilingSince});
  return rows;
}

bool Specializer::isCompiling() const {
  std::lock_guard lock(mutex);
  return tokensCompiling != 0;
}

nlohmann::json toJson(const std::vector<Specializer::Row> &table) {
  nlohmann::json rows = nlohmann::json::array();
  for (const Specializer::Row &row : table)
    rows.push_back(
        {{"step", std::to_string(row.tokens) + " tokens"},
         {"state", row.why.empty() ? row.state : row.state + ": " + row.why},
         {"since", llvm::formatv("{0:f0} s", row.age).str()},
         {"steps", row.steps},
         {"quicker by",
          row.gain ? llvm::formatv("{0:f1} %", 100 * *row.gain).str() : ""}});
  return rows;
}

std::string toPrometheus(const std::vector<Specializer::Row> &table) {
  PrometheusText text;
  auto add = [&](const char *name, const char *type, const char *help,
                 auto &&valueOf) {
    text.head(name, type, help);
    for (const Specializer::Row &row : table)
      valueOf(name, row, std::to_string(row.tokens));
  };
  add("gpt2_program_state", "gauge",
      "1 for what became of the program for steps of so many tokens.",
      [&](const char *name, const Specializer::Row &row, std::string tokens) {
        text.value(name, 1, {{"tokens", tokens}, {"state", row.state}});
      });
  add("gpt2_program_steps_total", "counter", "Steps that it computed.",
      [&](const char *name, const Specializer::Row &row, std::string tokens) {
        text.value(name, row.steps, {{"tokens", tokens}});
      });
  add("gpt2_program_gain_ratio", "gauge",
      "What it saves of a step's time, beside the general program.",
      [&](const char *name, const Specializer::Row &row, std::string tokens) {
        if (row.gain)
          text.value(name, *row.gain, {{"tokens", tokens}});
      });
  return text.str();
}

/// With the lock.
Observations Specializer::observe() const {
  Observations seen;
  seen.compileSeconds = compileSeconds;
  seen.generalRows = generalRows;
  for (auto [tokens, perSecond] : rates.at(clock.seconds()))
    seen.steps.push_back({tokens, perSecond, dispatcher.generalSeconds(tokens),
                          llvm::is_contained(tried, tokens)});
  return seen;
}

/// Whether it had to be: the cache may have it.
bool Specializer::compile(int64_t tokens) {
  Build specialized = build;
  specialized.stepTokens = tokens;
  CompileRequest request = compileRequest(specialized);
  request.cacheDirectory = cacheDirectory;
  CompiledProgram compiled = compileAndLoad(request);
  dispatcher.offer(tokens, std::move(compiled.program),
                   "steps of " + std::to_string(tokens), arguments);
  return !compiled.fromCache;
}

void Specializer::work() {
  // Of this thread alone, which Linux allows: whoever computes comes first.
  setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), 19);
  std::unique_lock lock(mutex);
  while (!mustEnd) {
    changed.wait_for(lock, pause, [this] { return mustEnd; });
    std::optional<int64_t> tokens =
        mustEnd ? std::nullopt : build.chapter->policy(observe());
    if (!tokens)
      continue;
    tried.push_back(*tokens); // once, whatever comes of it
    tokensCompiling = *tokens;
    compilingSince = clock.seconds();
    lock.unlock();
    dispatcher.setDisturbed(true);
    Stopwatch watch;
    std::string problem;
    bool isNew = false;
    try {
      isNew = compile(*tokens);
    } catch (const std::exception &error) {
      problem = error.what();
    }
    dispatcher.setDisturbed(false);
    lock.lock();
    tokensCompiling = 0;
    if (isNew)
      compileSeconds = watch.seconds();
    if (!problem.empty())
      failures.push_back({.tokens = *tokens,
                          .state = "failed",
                          .why = problem,
                          .age = clock.seconds()});
  }
}

} // namespace gpt2
