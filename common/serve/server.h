//===- server.h - GPT-2 over HTTP ---------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//   POST /v1/completions   OpenAI's protocol, see completion_request.h
//   GET  /v1/models        the one model that is here
//   GET  /health           200 while requests are taken
//   GET  /metrics          Prometheus' text format
//   GET  /stats            the same for the page, as JSON
//   GET  /                 a page to try it
//
//===----------------------------------------------------------------------===//
#pragma once

#include "serve/engine.h"

#include "model/tokenizer/tokenizer.h"

#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <string>

namespace gpt2 {

struct ServerOptions {
  std::string host = "127.0.0.1";
  int port = 8080;              ///< 0: any that is free
  std::string apiKey;           ///< that clients must send; empty: none
  std::string model;            ///< what clients call it
  size_t largestBody = 1 << 20; ///< bytes
  size_t connections = 1200;    ///< at once; more wait
  double drainSeconds = 60;     ///< for texts under way, at the end
};

/// What else there is to tell of the programs that compute, for the page and
/// for Prometheus.
struct MoreToTell {
  std::function<nlohmann::json()> json = {};
  std::function<std::string()> prometheus = {};
};

/// Serves until SIGTERM or SIGINT comes: then no more requests are taken, and
/// it returns what /stats says when those under way have ended. Says on stderr
/// where it is. All threads that the process has must have these signals
/// blocked, see blockEndSignals(). Throws an Error if the address cannot be
/// had.
nlohmann::json serve(const ServerOptions &options, const Tokenizer &tokenizer,
                     const Config &config, Engine &engine, Metrics &metrics,
                     const MoreToTell &more = {});

/// Leaves SIGTERM and SIGINT to serve(). To be called before any thread begins.
void blockEndSignals();

} // namespace gpt2
