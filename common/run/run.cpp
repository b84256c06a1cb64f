//===- run.cpp - A model that runs: text, ids or logits -----------------===//
#include "run/run.h"
#include "model/error.h"
#include "model/files.h"
#include "model/paths.h"
#include "model/tokenizer.h"

#include <nlohmann/json.hpp>

#include <cmath>
#include <functional>
#include <iostream>

#include <unistd.h>

namespace gpt2 {
namespace {

void printStop(const Generation &generation, const Config &config) {
  if (generation.reason == StopReason::EndOfText)
    std::cerr << "[the model ended its text]\n";
  else if (generation.reason == StopReason::ContextFull)
    std::cerr << "[the context of " << config.context << " tokens is full]\n";
}

/// Continues the prompt and streams what comes, as text or as ids.
void continueText(const RunOptions &options, const Checkpoint &checkpoint,
                  Forward &forward, Device &device, const Times &times) {
  std::optional<Tokenizer> tokenizer;
  std::vector<int32_t> ids;
  if (options.tokenIds) {
    ids = readTokenIds(*options.tokenIds);
  } else {
    tokenizer.emplace(checkpoint.loadTokenizer());
    ids = tokenizer->encode(options.prompt.value_or(""));
  }
  Config config = checkpoint.config();
  if (ids.empty())
    ids.push_back(config.endOfText);
  checkPrompt(ids, config);
  if (options.warmUp) {
    std::vector<float> logits(static_cast<size_t>(config.vocab));
    forward(ids, logits);
  }
  if (options.profile)
    device.startTiming();
  if (options.ignoreEnd)
    config.endOfText = -1;
  Sampler sampler(options.sampler);
  if (tokenizer)
    std::cout << options.prompt.value_or("") << std::flush;
  NextToken next = sampled(config, std::ref(forward), sampler);
  if (options.sampler.temperature == 0) // no need to see logits
    next = [&](std::span<const int32_t> tokens, double &modelSeconds) {
      Stopwatch watch;
      int32_t token = forward.mostLikely(tokens);
      modelSeconds += watch.seconds();
      return token;
    };
  auto show = [&](int32_t id) {
    if (tokenizer)
      std::cout << tokenizer->decode(id) << std::flush;
    else
      std::cout << id << std::endl;
  };
  Generation generation =
      generate(config, ids, options.maxNewTokens, next, show);
  if (tokenizer)
    std::cout << "\n";
  requireOutput();
  printStop(generation, config);
  times.print(generation);
  if (options.profile)
    std::cerr << describe(device.times(), generation.stepSeconds.size());
  if (options.report) {
    nlohmann::json report = times.toJson(generation);
    if (options.profile)
      report["kernels"] = toJson(device.times());
    writeFile(*options.report, {report.dump(2), "\n"});
  }
}

void dumpLogits(const RunOptions &options, const Config &config,
                Forward &forward) {
  std::vector<int32_t> ids = idsOf(options, config);
  size_t rows = options.allPositions ? ids.size() : 1;
  std::vector<float> logits(rows * static_cast<size_t>(config.vocab));
  forward(ids, logits);
  writeNpy(*options.dumpLogits, logits, static_cast<int64_t>(rows),
           config.vocab);
}

} // namespace

LoadProgress showLoading() {
  if (!isatty(STDERR_FILENO))
    return {};
  return
      [watch = Stopwatch(), shown = -1](int64_t done, int64_t total) mutable {
        int percent = static_cast<int>(100 * done / total);
        if (percent == shown || watch.seconds() < 1)
          return;
        shown = percent;
        std::cerr << "\rloading " << percent << " %"
                  << (done == total ? "\r\033[K" : "") << std::flush;
      };
}

void describeModel(const RunOptions &options, const Checkpoint &checkpoint) {
  std::cerr << "model: "
            << (options.model == paths::embeddedModel
                    ? "fairy-tales, which this book trained on public-domain "
                      "fairy tales and which knows nothing else"
                    : options.model)
            << "\n       " << checkpoint.config().describe() << ", "
            << std::lround(
                   static_cast<double>(checkpoint.config().parameters()) /
                   1e5) /
                   10.0
            << " M parameters in " << checkpoint.format() << "\n";
}

void requireOutput() {
  if (!std::cout.flush())
    fail("the output could not be written");
}

std::vector<int32_t> idsOf(const RunOptions &options, const Config &config) {
  std::vector<int32_t> ids = readTokenIds(*options.tokenIds);
  checkPrompt(ids, config);
  if (ids.empty())
    fail(options.tokenIds->string(), ": no token ids; expected one a line");
  return ids;
}

void RunOptions::validate() const {
  if (prompt && tokenIds)
    fail("give a prompt or --token-ids, not both");
  if (maxNewTokens < 0)
    fail("--max-new-tokens=", maxNewTokens, ": expected 0 or more");
  sampler.validate();
  if (dumpLogits && !tokenIds)
    fail("--dump-logits needs --token-ids FILE");
  if (allPositions && !dumpLogits)
    fail("--all-positions needs --dump-logits FILE");
  if (report && dumpLogits)
    fail("--report goes with a run that generates");
}

void run(const RunOptions &options, const Checkpoint &checkpoint,
         Forward &forward, Device &device, const Times &times) {
  if (options.dumpLogits)
    dumpLogits(options, checkpoint.config(), forward);
  else
    continueText(options, checkpoint, forward, device, times);
}

} // namespace gpt2
