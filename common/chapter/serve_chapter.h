//===- serve_chapter.h - A chapter's program as a server ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "chapter/model.h"
#include "run/run.h"
#include "serve/server.h"

namespace gpt2 {

/// What --serve is told.
struct ServeOptions {
  bool isWanted = false;
  ServerOptions server;
  EngineOptions engine;
  bool specializes = true; ///< if the chapter does
};

/// Serves `model`, whose program is that of `build`, until a signal comes.
/// Compiles more programs if the chapter has a policy for that; if one is being
/// compiled at the end, the process ends here. Throws an Error as serve() does,
/// or if the model has no tokenizer.
void serveModel(const RunOptions &run, const ServeOptions &options,
                const ProgramOptions &program, const Build &build,
                const Checkpoint &checkpoint, Model &model);

} // namespace gpt2
