//===- generate.cpp - Token after token ---------------------------------===//
#include "model/generate.h"
#include "model/error.h"

#include <algorithm>

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

void dropOldest(std::vector<int32_t> &sequence, const Config &config) {
  int64_t kept = std::max<int64_t>(config.context / 2, 1);
  sequence.erase(sequence.begin(), sequence.end() - kept);
}

NextToken sampled(const Config &config, NextLogits nextLogits,
                  Sampler &sampler) {
  std::vector<float> logits(static_cast<size_t>(config.vocab));
  return [logits, nextLogits = std::move(nextLogits), &sampler](
             std::span<const int32_t> tokens, double &modelSeconds) mutable {
    auto start = std::chrono::steady_clock::now();
    nextLogits(tokens, logits);
    modelSeconds += secondsSince(start);
    return sampler.sample(logits);
  };
}

TokenStream::TokenStream(const Config &config, std::vector<int32_t> prompt,
                         int64_t maxNewTokens, NextToken nextToken,
                         ContextPolicy context)
    : config(config), sequence(std::move(prompt)), maxNewTokens(maxNewTokens),
      nextToken(std::move(nextToken)), context(context) {
  if (sequence.empty())
    sequence.push_back(config.endOfText);
  checkPrompt(sequence, config);
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
  if (token == config.endOfText)
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
