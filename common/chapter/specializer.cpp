//===- specializer.cpp - Programs compiled while others compute ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "chapter/specializer.h"
#include "compiler/compile.h"
#include "compiler/schedule/schedule.h"
#include "support/error.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"

#include <nlohmann/json.hpp>

#include <chrono>

#include <sys/resource.h>
#include <unistd.h>

namespace gpt2 {

Specializer::Specializer(
    const Build &build,
    const std::optional<std::filesystem::path> &cacheDirectory,
    Dispatcher &dispatcher, size_t arguments, double compileSeconds)
    : build(build), cacheDirectory(cacheDirectory), dispatcher(dispatcher),
      arguments(arguments), compileSeconds(compileSeconds),
      thread([this] { work(); }) {}

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

nlohmann::json Specializer::table() const {
  nlohmann::json rows = nlohmann::json::array();
  auto add = [&](int64_t tokens, const std::string &state, uint64_t steps,
                 const std::string &quicker) {
    rows.push_back({{"step", std::to_string(tokens) + " tokens"},
                    {"state", state},
                    {"steps", steps},
                    {"quicker by", quicker}});
  };
  for (const Dispatcher::Row &row : dispatcher.table()) {
    std::string state = nameOf(row.state);
    bool isKnown = row.seconds > 0 && row.general > 0;
    add(row.tokens, row.why.empty() ? state : state + ": " + row.why, row.steps,
        isKnown
            ? llvm::formatv("{0:f1} %", 100 * (1 - row.seconds / row.general))
                  .str()
            : "");
  }
  std::lock_guard lock(mutex);
  for (const auto &[tokens, problem] : failures)
    add(tokens, "failed: " + problem, 0, "");
  if (tokensCompiling != 0)
    add(tokensCompiling, "being compiled", 0, "");
  return rows;
}

/// With the lock.
Observations Specializer::observe() const {
  Observations seen;
  seen.compileSeconds = compileSeconds;
  seen.generalRows = numberIn(build.scheduleFiles().front(), "rows");
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
    changed.wait_for(lock, std::chrono::seconds(1), [this] { return mustEnd; });
    std::optional<int64_t> tokens =
        mustEnd ? std::nullopt : build.chapter->policy(observe());
    if (!tokens)
      continue;
    tried.push_back(*tokens); // once, whatever comes of it
    tokensCompiling = *tokens;
    lock.unlock();
    dispatcher.setDisturbed(true);
    Stopwatch watch;
    std::string problem;
    bool isNew = false;
    try {
      isNew = compile(*tokens);
    } catch (const Error &error) {
      problem = error.what();
    }
    dispatcher.setDisturbed(false);
    lock.lock();
    tokensCompiling = 0;
    if (isNew)
      compileSeconds = watch.seconds();
    if (!problem.empty())
      failures.emplace_back(*tokens, problem);
  }
}

} // namespace gpt2
