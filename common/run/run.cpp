//===- run.cpp - A model that runs: text, ids or logits -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "run/run.h"
#include "model/tokenizer/tokenizer.h"
#include "run/prompts.h"
#include "support/error.h"
#include "support/files.h"
#include "support/json_file.h"
#include "support/output.h"
#include "support/paths.h"

#include <algorithm>
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

/// Takes `tokens`, up to the last `piece` of them, so many at a time; all at
/// once if `piece` is 0.
void prefill(Sequence &sequence, std::span<const int32_t> tokens,
             int64_t piece) {
  if (piece == 0)
    return;
  auto step = static_cast<size_t>(piece);
  for (size_t end = sequence.tokens().size() + step; end < tokens.size();
       end += step)
    sequence.become(tokens.first(end), {});
}

/// Continues the prompt and streams what comes, as text or as ids.
void continueText(const RunOptions &options, const Prompts &prompts,
                  Forward &forward, Device &device, const Times &times) {
  const std::optional<Tokenizer> &tokenizer = prompts.tokenizer;
  const Config &config = prompts.config;
  const std::vector<int32_t> &ids = prompts.tokens.front();
  if (options.warmUp) {
    std::vector<float> logits(static_cast<size_t>(config.vocab));
    forward(ids, logits);
  }
  if (options.profile)
    device.startTiming();
  Sampler sampler(options.sampler);
  if (tokenizer)
    print(prompts.given.front());
  Sequence sequence(forward);
  auto show = [&](int32_t id) {
    if (tokenizer)
      print(tokenizer->decode(id));
    else
      print(std::to_string(id) + "\n");
  };
  Generation generation = generate(
      config, ids, options.maxNewTokens,
      nextToken(sequence, sampler, config, options), show, options.context);
  if (tokenizer)
    print("\n");
  printStop(generation, config);
  times.print(generation);
  if (options.profile)
    std::cerr << describe(device.times(), generation.stepSeconds.size());
  if (options.report) {
    nlohmann::json report = times.toJson(generation);
    if (options.profile)
      report["kernels"] = toJson(device.times());
    writeJson(*options.report, report);
  }
}

void dumpLogits(const RunOptions &options, const Prompts &prompts,
                Forward &forward) {
  const Config &config = prompts.config;
  const std::vector<int32_t> &ids = prompts.tokens.front();
  size_t rows = options.allPositions ? ids.size() : 1;
  std::vector<float> logits(rows * static_cast<size_t>(config.vocab));
  Sequence sequence(forward);
  if (options.prefill == 0 || !options.allPositions) {
    prefill(sequence, ids, options.prefill);
    sequence.become(ids, logits);
  } else {
    auto piece = static_cast<size_t>(options.prefill);
    for (size_t done = 0; done < ids.size(); done += piece) {
      size_t count = std::min(piece, ids.size() - done);
      auto vocab = static_cast<size_t>(config.vocab);
      sequence.extend(std::span(ids).subspan(done, count),
                      std::span(logits).subspan(done * vocab, count * vocab));
    }
  }
  writeNpy(*options.dumpLogits, logits, static_cast<int64_t>(rows),
           config.vocab);
}

} // namespace

ContextPolicy contextPolicy(const std::string &name) {
  if (name != "stop" && name != "slide")
    fail("--context=", name, ": expected stop or slide");
  return name == "stop" ? ContextPolicy::Stop : ContextPolicy::Slide;
}

LoadProgress showProgress(const std::string &what) {
  if (!isatty(STDERR_FILENO))
    return {};
  return [what, watch = Stopwatch(), shown = -1](int64_t done,
                                                 int64_t total) mutable {
    int percent = static_cast<int>(100 * done / total);
    if (percent == shown || watch.seconds() < 1)
      return;
    shown = percent;
    std::cerr << "\r" << what << " " << percent << " %"
              << (done == total ? "\r\033[K" : "") << std::flush;
  };
}

NextToken nextToken(Sequence &sequence, Sampler &sampler, const Config &config,
                    const RunOptions &options) {
  if (options.sampler.temperature == 0 && config.unusedTokens.empty())
    return [&](std::span<const int32_t> tokens, double &modelSeconds) {
      Stopwatch watch;
      prefill(sequence, tokens, options.prefill);
      int32_t token = sequence.becomeAndChoose(tokens);
      modelSeconds += watch.seconds();
      return token;
    };
  return sampled(
      config,
      [&](std::span<const int32_t> tokens, std::span<float> logits) {
        prefill(sequence, tokens, options.prefill);
        sequence.become(tokens, logits);
      },
      sampler);
}

void describeModel(const RunOptions &options, const Checkpoint &checkpoint) {
  std::cerr << "model: "
            << (options.model == paths::embeddedModel()
                    ? "fairy-tales, which this book trained on public-domain "
                      "fairy tales and which knows nothing else"
                    : options.model)
            << "\n       " << checkpoint.config().describe() << ", "
            << static_cast<double>(std::lround(
                   static_cast<double>(checkpoint.config().parameters()) /
                   1e5)) /
                   10.0
            << " M parameters in " << checkpoint.format() << "\n";
  for (const std::string &note : checkpoint.notes())
    std::cerr << "note: " << note << "\n";
}

std::vector<int32_t> idsOf(const RunOptions &options, const Config &config) {
  std::vector<int32_t> ids = readTokenIds(*options.tokenIds);
  checkPrompt(ids, config);
  if (ids.empty())
    fail(nameOfInput(*options.tokenIds), ": no token ids; expected one a line");
  return ids;
}

void RunOptions::validate() const {
  if (prompt && tokenIds)
    fail("give a prompt or --token-ids, not both");
  if (maxNewTokens < 0)
    fail("--max-new-tokens=", maxNewTokens, ": expected 0 or more");
  sampler.validate();
  if (prefill < 0)
    fail("--prefill=", prefill, ": expected 1 or more tokens, or 0 for all");
  if (prompts && promptIds)
    fail("give --prompts or --prompt-ids, not both");
  bool hasPrompts = prompts || promptIds;
  if (hasPrompts && (prompt || tokenIds || dumpLogits))
    fail("a file of prompts takes the place of a prompt and of --token-ids");
  if (batch < 1)
    fail("--batch=", batch, ": expected 1 or more");
  if (batch > 1 && !hasPrompts)
    fail("--batch=", batch, " needs --prompts FILE or --prompt-ids FILE");
  if (tokenizer && (tokenIds || promptIds))
    fail("--tokenizer goes with text: token ids need none");
  if (noSpecial && (tokenIds || promptIds))
    fail("--no-special goes with text: token ids are what they are");
  if (dumpLogits && !tokenIds)
    fail("--dump-logits needs --token-ids FILE");
  if (allPositions && !dumpLogits)
    fail("--all-positions needs --dump-logits FILE");
  if (report && dumpLogits)
    fail("--report goes with a run that generates");
}

void describeCache(const RunOptions &options, const Config &config,
                   const Executable &program) {
  if (!program.has("decode"))
    return;
  ElementType type = program.cacheType();
  char size[32];
  std::snprintf(size, sizeof size, "%.3g",
                static_cast<double>(cacheBytes(config, 1, type)) * 1e-6);
  std::cerr << "cache: " << options.batch
            << (options.batch == 1 ? " sequence" : " sequences") << " of up to "
            << config.context << " tokens, " << size << " MB each, keys and "
            << "values in " << nameOf(type) << "\n";
}

void useGraphs(const RunOptions &options, Executable &program) {
  if (!options.graphs && !program.device().canRecord())
    fail("--no-graphs: ", program.device().describe(), " records no launches");
  program.setRecording(options.graphs);
}

void run(const RunOptions &options, const Prompts &prompts, Forward &forward,
         Device &device, const Times &times) {
  if (options.dumpLogits)
    dumpLogits(options, prompts, forward);
  else if (options.prompts || options.promptIds)
    continuePrompts(options, prompts, forward, device, times);
  else
    continueText(options, prompts, forward, device, times);
}

} // namespace gpt2
