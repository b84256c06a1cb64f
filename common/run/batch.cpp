//===- batch.cpp - Many prompts at once ---------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "run/batch.h"
#include "run/times.h"

#include <algorithm>
#include <list>

namespace gpt2 {
namespace {

/// A prompt that is being continued.
struct Text {
  Text(Forward &forward, size_t index, const SamplerOptions &options)
      : index(index), sequence(forward), sampler(options) {}

  size_t index; ///< of the prompt
  Sequence sequence;
  Sampler sampler;
  Generation generation;
  int32_t pending = 0; ///< the newest token, not yet in the sequence
};

class Continuation {
public:
  Continuation(Forward &forward, const Config &config,
               const BatchOptions &options,
               const std::function<void(size_t, const Generation &)> &onDone)
      : forward(forward), config(config), options(options), onDone(onDone) {}

  BatchTimes times;

  bool isEmpty() const { return texts.empty(); }
  bool isFull() const { return texts.size() >= options.width; }

  void join(size_t index, std::span<const int32_t> prompt) {
    Stopwatch watch;
    SamplerOptions sampler = options.sampler;
    sampler.seed += index;
    Text &text = texts.emplace_back(forward, index, sampler);
    std::vector<float> logits(isGreedy() ? 0 : vocab());
    if (isGreedy())
      text.pending = text.sequence.extendAndChoose(prompt);
    else {
      text.sequence.extend(prompt, logits);
      barUnused(logits, config);
      text.pending = text.sampler.sample(logits);
    }
    times.prefillSeconds += watch.seconds();
    if (isDone(text))
      texts.pop_back();
  }

  /// A token for every text; those that are done leave.
  void step() {
    Stopwatch watch;
    std::vector<Sequence *> sequences;
    std::vector<int32_t> tokens;
    for (Text &text : texts) {
      sequences.push_back(&text.sequence);
      tokens.push_back(text.pending);
    }
    Batch batch(forward);
    std::vector<int32_t> chosen;
    if (isGreedy()) {
      chosen = batch.extendAndChoose(sequences, tokens);
    } else {
      std::vector<float> logits(texts.size() * vocab());
      batch.extend(sequences, tokens, logits);
      for (Text &text : texts) {
        std::span<float> row =
            std::span(logits).subspan(chosen.size() * vocab(), vocab());
        barUnused(row, config);
        chosen.push_back(text.sampler.sample(row));
      }
    }
    times.stepSeconds += watch.seconds();
    ++times.steps;
    times.stepTokens += static_cast<int64_t>(texts.size());
    auto next = chosen.begin();
    for (auto text = texts.begin(); text != texts.end();) {
      text->pending = *next++;
      text = isDone(*text) ? texts.erase(text) : std::next(text);
    }
  }

private:
  /// Whether nobody needs to see logits.
  bool isGreedy() const {
    return options.sampler.temperature == 0 && config.unusedTokens.empty();
  }
  size_t vocab() const { return static_cast<size_t>(config.vocab); }

  /// Takes the pending token into the text; whether that was its last.
  bool isDone(Text &text) {
    Generation &generation = text.generation;
    auto done = [&](StopReason reason) {
      generation.reason = reason;
      onDone(text.index, generation);
      return true;
    };
    if (generation.tokens.size() == static_cast<size_t>(options.maxNewTokens))
      return done(StopReason::TokenLimit);
    if (config.endsText(text.pending))
      return done(StopReason::EndOfText);
    generation.tokens.push_back(text.pending);
    if (generation.tokens.size() == static_cast<size_t>(options.maxNewTokens))
      return done(StopReason::TokenLimit);
    std::span<const int32_t> seen = text.sequence.tokens();
    if (static_cast<int64_t>(seen.size()) < config.context)
      return false;
    if (options.context == ContextPolicy::Stop)
      return done(StopReason::ContextFull);
    std::vector<int32_t> all(seen.begin(), seen.end());
    all.push_back(text.pending);
    dropOldest(all, config);
    text.sequence.truncate(0);
    if (all.size() > 1)
      text.sequence.extend(std::span(all).first(all.size() - 1));
    return false;
  }

  Forward &forward;
  const Config &config;
  const BatchOptions &options;
  const std::function<void(size_t, const Generation &)> &onDone;
  std::list<Text> texts;
};

} // namespace

BatchTimes
continueAll(Forward &forward, const Config &config,
            const std::vector<std::vector<int32_t>> &prompts,
            const BatchOptions &options,
            const std::function<void(size_t, const Generation &)> &onDone) {
  for (const std::vector<int32_t> &prompt : prompts)
    checkPrompt(prompt, config); // longer ones were prepared
  Continuation continuation(forward, config, options, onDone);
  size_t next = 0;
  while (next < prompts.size() || !continuation.isEmpty()) {
    while (next < prompts.size() && !continuation.isFull()) {
      if (options.beforeStep)
        options.beforeStep();
      continuation.join(next, prompts[next]);
      ++next;
    }
    if (options.beforeStep)
      options.beforeStep();
    if (!continuation.isEmpty())
      continuation.step();
  }
  return continuation.times;
}

} // namespace gpt2
