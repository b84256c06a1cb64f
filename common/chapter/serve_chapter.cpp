//===- serve_chapter.cpp - A chapter's program as a server --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "chapter/serve_chapter.h"
#include "run/prompts.h"
#include "support/paths.h"

namespace gpt2 {

void serveModel(const RunOptions &run, const ServeOptions &options, int threads,
                const Checkpoint &checkpoint, Model &model) {
  Tokenizer tokenizer = tokenizerFor(run, checkpoint);
  Metrics metrics;
  Engine engine(model.forward(), options.engine, metrics, threads);
  ServerOptions server = options.server;
  if (server.model.empty())
    server.model =
        std::filesystem::path(run.model).lexically_normal().filename().string();
  serve(server, tokenizer, checkpoint.config(), engine, metrics);
}

} // namespace gpt2
