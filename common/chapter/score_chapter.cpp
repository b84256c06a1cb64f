//===- score_chapter.cpp - What a chapter's program does, as a table ----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "chapter/report.h"
#include "compiler/pipeline/session.h"
#include "support/error.h"

#include "llvm/Support/Format.h"

#include <nlohmann/json.hpp>

#include <cmath>
#include <numeric>

using namespace mlir;
using nlohmann::json;

namespace gpt2 {
namespace {

/// 12345678 as "12.3 M".
std::string count(double value) {
  const char *units[] = {"", " k", " M", " G", " T"};
  size_t unit = 0;
  for (; value >= 999.5 && unit + 1 < std::size(units); value /= 1000)
    ++unit;
  char text[32];
  std::snprintf(text, sizeof text, unit && value < 99.95 ? "%.1f%s" : "%.0f%s",
                value, units[unit]);
  return text;
}

/// A count as JSON: a whole number, as far as a double tells them apart.
json number(double count) {
  constexpr double most = int64_t{1} << 53;
  if (std::abs(count) <= most && count == std::floor(count))
    return static_cast<int64_t>(count);
  return count;
}

std::string loopsOf(const Score &score) {
  std::string text;
  int64_t sum = 0;
  for (int64_t loops : score.loops) {
    text += (text.empty() ? " (" : " + ") + std::to_string(loops);
    sum += loops;
  }
  return std::to_string(sum) + (text.empty() ? "" : text + ")");
}

} // namespace

Score scoreOf(const Build &build, int64_t tokens, double cacheBytes,
              int64_t kept) {
  const Chapter &chapter = *build.chapter;
  Build counted = build;
  // A CPU's schedule is for any number of tokens; other programs may be
  // specialised.
  KnownSizes ofCall;
  if (chapter.schedules.empty() || chapter.hasKernels()) {
    counted.sizes["S"] = 1;
    counted.sizes["T"] = tokens;
    counted.sizes["N"] = 1;
  } else {
    ofCall = {{{0, 1}, 1}, {{4, 0}, 1}, {{5, 0}, 1}}; // logits, keys, values
    for (unsigned argument : {1, 2, 3})               // tokens and their places
      ofCall[{argument, 0}] = tokens;
  }
  CompileRequest request = compileRequest(counted);
  // Before launches become calls, and loops branches.
  for (StageKind end : {StageKind::Gpu, StageKind::LlvmDialect})
    if (request.stages.contains(end))
      request.stages.eraseFrom(end);
  Session session(request);
  session.run(request.stages);
  KnownElements places;
  if (chapter.keepsCache()) { // the entry's sequences and positions
    places[2].assign(static_cast<size_t>(tokens), 0);
    places[3].resize(static_cast<size_t>(tokens));
    std::iota(places[3].begin(), places[3].end(), kept);
  }
  std::string entry =
      chapter.keepsCache() && tokens == 1 ? "decode" : chapter.entry();
  return scoreOf(session.module().lookupSymbol<func::FuncOp>(entry), cacheBytes,
                 places, ofCall, build.target.gpu.subgroupSize());
}

Scores scoresOf(const Build &build, int64_t tokens, double cacheBytes) {
  if (tokens + 1 > build.model.context)
    fail("--score-tokens=", tokens,
         ": with the token after them that is more "
         "than the model's context of ",
         build.model.context);
  return {tokens, cacheBytes, scoreOf(build, tokens, cacheBytes),
          build.chapter->keepsCache() ? scoreOf(build, 1, cacheBytes, tokens)
                                      : scoreOf(build, tokens + 1, cacheBytes)};
}

std::string describe(const Scores &scores) {
  const auto &[tokens, cacheBytes, prompt, next] = scores;
  std::string text;
  llvm::raw_string_ostream stream(text);
  auto row = [&](const char *name, const std::string &a, const std::string &b) {
    stream << llvm::format("%-22s %20s %20s\n", name, a.c_str(), b.c_str());
  };
  stream << "counted in the program, with a cache of "
         << static_cast<int64_t>(cacheBytes / 1024) << " KiB before memory\n\n";
  row("", "prompt of " + std::to_string(tokens), "next token");
  row("operations on floats", count(prompt.flops), count(next.flops));
  row("  calls of exp, tanh", count(prompt.calls), count(next.calls));
  row("bytes read", count(prompt.bytesRead), count(next.bytesRead));
  row("bytes written", count(prompt.bytesWritten), count(next.bytesWritten));
  row("temporaries", count(static_cast<double>(prompt.temporaries)),
      count(static_cast<double>(next.temporaries)));
  row("  bytes in them", count(static_cast<double>(prompt.temporaryBytes)),
      count(static_cast<double>(next.temporaryBytes)));
  row("allocations", count(prompt.allocations), count(next.allocations));
  row("loops, by depth", loopsOf(prompt), loopsOf(next));
  if (prompt.launches > 0) {
    row("kernels launched", count(prompt.launches), count(next.launches));
    row("  blocks", count(prompt.blocks), count(next.blocks));
    row("  threads", count(prompt.threads), count(next.threads));
  }
  return text;
}

json toJson(const Scores &scores) {
  auto numbers = [](const Score &score) {
    return json{{"flops", number(score.flops)},
                {"calls", number(score.calls)},
                {"bytes_read", number(score.bytesRead)},
                {"bytes_written", number(score.bytesWritten)},
                {"temporaries", score.temporaries},
                {"temporary_bytes", score.temporaryBytes},
                {"allocations", number(score.allocations)},
                {"loops", score.loops},
                {"launches", number(score.launches)},
                {"blocks", number(score.blocks)},
                {"threads", number(score.threads)}};
  };
  return {{"tokens", scores.tokens},
          {"cache", number(scores.cacheBytes)},
          {"prompt", numbers(scores.prompt)},
          {"next", numbers(scores.next)}};
}

} // namespace gpt2
