//===- serve_chapter.cpp - A chapter's program as a server --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "chapter/serve_chapter.h"
#include "chapter/specializer.h"
#include "run/prompts.h"
#include "support/json_file.h"

#include <nlohmann/json.hpp>

#include <cstdlib>

namespace gpt2 {

void serveModel(const RunOptions &run, const ServeOptions &options,
                const ProgramOptions &program, const Build &build,
                const Checkpoint &checkpoint, Model &model) {
  Tokenizer tokenizer = tokenizerFor(run, checkpoint);
  ServerOptions server = options.server;
  if (server.model.empty())
    server.model =
        std::filesystem::path(run.model).lexically_normal().filename().string();

  // Sums are in the same order, whatever the size of a block; what is rounded
  // to few bits on its way may be rounded another way.
  double tolerance = build.formats == Formats() ? 1e-4 : 2e-2;
  Dispatcher dispatcher(model.loaded(), tolerance);
  std::optional<Specializer> specializer;
  EngineOptions engineOptions = options.engine;
  MoreToTell more;
  bool knowsRows = build.chapter->policy && !build.chapter->hasKernels();
  if (knowsRows)
    engineOptions.block = static_cast<size_t>(rowsOfABlock(build));
  if (knowsRows && options.specializes) {
    // A program that the cache had says nothing of what the next will cost.
    constexpr double usually = 2;
    const Times &times = model.times();
    model.forward().dispatchBy(dispatcher);
    specializer.emplace(build, program.cacheDirectory, dispatcher,
                        model.forward().argumentCount(),
                        times.fromCache ? usually : times.compile);
    engineOptions.onStep = [&](const StepShape &shape) {
      if (shape.promptTokens == 0)
        specializer->sawStep(shape.texts);
    };
    more.json = [&] { return toJson(specializer->table()); };
    more.prometheus = [&] { return toPrometheus(specializer->table()); };
  }
  Metrics metrics;
  Engine engine(model.forward(), engineOptions, metrics, program.threads);
  nlohmann::json stats =
      serve(server, tokenizer, checkpoint.config(), engine, metrics, more);
  if (run.report)
    writeJson(*run.report, stats);
  // A compiler cannot be interrupted, and nobody waits for what it makes now.
  if (specializer && specializer->isCompiling())
    std::quick_exit(0);
}

} // namespace gpt2
