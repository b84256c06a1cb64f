//===- generate.cpp - Token after token ---------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "model/generate.h"
#include "support/error.h"

#include <algorithm>
#include <limits>

namespace gpt2 {
namespace {

double secondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
      .count();
}

} // namespace

void checkIds(std::span<const int32_t> ids, const Config &config) {
  for (size_t i = 0; i < ids.size(); ++i)
    if (ids[i] < 0 || ids[i] >= config.vocab)
      fail("token ", i + 1, " of the prompt has id ", ids[i],
           "; the vocabulary has ids 0 to ", config.vocab - 1);
}

void checkPrompt(std::span<const int32_t> ids, const Config &config) {
  checkIds(ids, config);
  if (static_cast<int64_t>(ids.size()) > config.context)
    fail("the prompt has ", ids.size(), " tokens, the model's context ",
         config.context, "; shorten the prompt");
}

std::string preparePrompt(std::vector<int32_t> &prompt, const Config &config,
                          ContextPolicy context) {
  if (prompt.empty() && !config.beginOfText)
    fail("the prompt is empty, and the model has no token to begin a text with "
         "(bos_token_id); give a prompt");
  if (prompt.empty())
    prompt.push_back(*config.beginOfText);
  checkIds(prompt, config);
  size_t length = prompt.size();
  if (static_cast<int64_t>(length) <= config.context)
    return "";
  std::ostringstream text;
  text << "the prompt has " << length << " tokens, the model's context "
       << config.context << "; ";
  if (context == ContextPolicy::Stop)
    fail(text.str(), "shorten the prompt, or give --context slide to go on "
                     "behind the newest half of the context");
  dropOldest(prompt, config);
  text << "going on behind the newest " << prompt.size();
  return text.str();
}

void dropOldest(std::vector<int32_t> &sequence, const Config &config) {
  int64_t kept = std::max<int64_t>(config.context / 2, 1);
  sequence.erase(sequence.begin(), sequence.end() - kept);
}

void barUnused(std::span<float> logits, const Config &config) {
  for (int32_t token : config.unusedTokens)
    logits[static_cast<size_t>(token)] =
        -std::numeric_limits<float>::infinity();
}

NextToken sampled(const Config &config, NextLogits nextLogits,
                  Sampler &sampler) {
  std::vector<float> logits(static_cast<size_t>(config.vocab));
  return [logits, &config, nextLogits = std::move(nextLogits), &sampler](
             std::span<const int32_t> tokens, double &modelSeconds) mutable {
    auto start = std::chrono::steady_clock::now();
    nextLogits(tokens, logits);
    modelSeconds += secondsSince(start);
    barUnused(logits, config);
    return sampler.sample(logits);
  };
}

TokenStream::TokenStream(const Config &config, std::vector<int32_t> prompt,
                         int64_t maxNewTokens, NextToken nextToken,
                         ContextPolicy context)
    : config(config), sequence(std::move(prompt)), maxNewTokens(maxNewTokens),
      nextToken(std::move(nextToken)), context(context) {
  (void)preparePrompt(sequence, config, context);
}

std::optional<int32_t> TokenStream::stop(StopReason reason) {
  isDone = true;
  result.reason = reason;
  return std::nullopt;
}

std::optional<int32_t> TokenStream::next() {
  if (isDone)
    return std::nullopt;
  if (static_cast<int64_t>(result.tokens.size()) >= maxNewTokens)
    return stop(StopReason::TokenLimit);
  if (static_cast<int64_t>(sequence.size()) > config.context) {
    if (context == ContextPolicy::Stop)
      return stop(StopReason::ContextFull);
    dropOldest(sequence, config);
  }
  auto start = std::chrono::steady_clock::now();
  int32_t token = nextToken(sequence, result.modelSeconds);
  result.stepSeconds.push_back(secondsSince(start));
  if (config.endsText(token))
    return stop(StopReason::EndOfText);
  sequence.push_back(token);
  result.tokens.push_back(token);
  return token;
}

Generation generate(const Config &config, std::vector<int32_t> prompt,
                    int64_t maxNewTokens, const NextToken &nextToken,
                    const std::function<void(int32_t)> &onToken,
                    ContextPolicy context) {
  TokenStream stream(config, std::move(prompt), maxNewTokens, nextToken,
                     context);
  while (std::optional<int32_t> token = stream.next())
    onToken(*token);
  return stream.generation();
}

} // namespace gpt2
