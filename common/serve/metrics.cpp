//===- metrics.cpp - What a server did, in numbers ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "serve/metrics.h"
#include "serve/prometheus_text.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace gpt2 {

const char *nameOf(EndReason reason) {
  switch (reason) {
  case EndReason::TokenLimit:
    return "length";
  case EndReason::EndOfText:
  case EndReason::Enough:
    return "stop";
  case EndReason::Cancelled:
    return "cancelled";
  case EndReason::Failed:
    break;
  }
  return "error";
}

void SecondsHistogram::add(double seconds) {
  for (size_t i = 0; i < bounds.size(); ++i)
    atMost[i] += seconds <= bounds[i] ? 1 : 0;
  ++count;
  sum += seconds;
}

void Metrics::count(const StepShape &shape) {
  std::lock_guard lock(mutex);
  double now = clock.seconds();
  ++steps;
  newTokens += shape.made;
  computedPromptTokens += shape.promptTokens;
  stepSeconds += shape.seconds;
  modelSeconds += shape.modelSeconds;
  if (shape.texts > 0)
    traffic.widths.add(static_cast<int64_t>(shape.texts), now);
  traffic.contexts.add(shape.context, now);
  auto second = static_cast<int64_t>(now);
  if (lastMinute.empty() || lastMinute.back().at != second)
    lastMinute.push_back({.at = second});
  Second &current = lastMinute.back();
  ++current.steps;
  current.tokens += shape.made;
  current.texts += shape.texts;
  std::erase_if(lastMinute,
                [&](const Second &past) { return past.at < second - 60; });
}

void Metrics::countRefused() {
  std::lock_guard lock(mutex);
  ++refused;
}

void Metrics::countPrompt(int64_t tokens) {
  std::lock_guard lock(mutex);
  promptTokens += static_cast<uint64_t>(tokens);
  traffic.prompts.add(tokens, clock.seconds());
}

void Metrics::countFirstToken(double seconds) {
  std::lock_guard lock(mutex);
  firstToken.add(seconds);
}

void Metrics::countNextToken(double seconds) {
  std::lock_guard lock(mutex);
  nextToken.add(seconds);
}

void Metrics::countEnding(EndReason reason, int64_t reused, double seconds) {
  std::lock_guard lock(mutex);
  ++endings[reason];
  reusedTokens += static_cast<uint64_t>(reused);
  request.add(seconds);
}

void Metrics::setTexts(size_t nowUnderWay, size_t nowWaiting, size_t nowKept) {
  std::lock_guard lock(mutex);
  underWay = nowUnderWay;
  waiting = nowWaiting;
  kept = nowKept;
}

double Metrics::secondsOfARequest() const {
  std::lock_guard lock(mutex);
  return request.count == 0 ? 1
                            : request.sum / static_cast<double>(request.count);
}

namespace {

void addHistogram(PrometheusText &text, const std::string &name,
                  const SecondsHistogram &seconds, const char *help) {
  text.head(name, "histogram", help);
  for (size_t i = 0; i < seconds.bounds.size(); ++i)
    text.value(name + "_bucket", seconds.atMost[i],
               {{"le", PrometheusText::shown(seconds.bounds[i])}});
  text.value(name + "_bucket", seconds.count, {{"le", "+Inf"}});
  text.value(name + "_sum", seconds.sum);
  text.value(name + "_count", seconds.count);
}

void addRecent(PrometheusText &text, const std::string &name,
               const DecayingHistogram &values, double now, const char *help) {
  text.head(name, "gauge", help);
  for (const DecayingHistogram::Bucket &bucket : values.at(now))
    text.value(name, bucket.weight,
               {{"from", std::to_string(bucket.from)},
                {"to", std::to_string(bucket.to)}});
}

nlohmann::json bucketsOf(const DecayingHistogram &values, double now) {
  nlohmann::json buckets = nlohmann::json::array();
  for (const DecayingHistogram::Bucket &bucket : values.at(now))
    if (bucket.weight >= 0.01)
      buckets.push_back({{"from", bucket.from},
                         {"to", bucket.to},
                         {"weight", bucket.weight}});
  return buckets;
}

} // namespace

std::string Metrics::prometheus() const {
  std::lock_guard lock(mutex);
  double now = clock.seconds();
  PrometheusText text;
  text.head("gpt2_requests_total", "counter", "Requests that ended.");
  for (EndReason reason : {EndReason::TokenLimit, EndReason::EndOfText,
                           EndReason::Cancelled, EndReason::Failed}) {
    auto countOf = [&](EndReason one) {
      auto found = endings.find(one);
      return found == endings.end() ? 0 : found->second;
    };
    uint64_t count = countOf(reason);
    if (reason == EndReason::EndOfText) // "stop", as the other is
      count += countOf(EndReason::Enough);
    text.value("gpt2_requests_total", count,
               {{"finish_reason", nameOf(reason)}});
  }
  text.counter("gpt2_requests_refused_total", refused,
               "Requests for which there was no room in the queue.");
  text.counter("gpt2_prompt_tokens_total", promptTokens,
               "Tokens of prompts that came.");
  text.counter("gpt2_prompt_tokens_computed_total", computedPromptTokens,
               "Those that were computed.");
  text.counter("gpt2_prompt_tokens_reused_total", reusedTokens,
               "Those whose keys and values were there.");
  text.counter("gpt2_generation_tokens_total", newTokens,
               "Tokens that were chosen.");
  text.counter("gpt2_steps_total", steps, "Passes through the weights.");
  text.counter("gpt2_step_seconds_total", stepSeconds, "How long they took.");
  text.counter("gpt2_model_seconds_total", modelSeconds,
               "The part of it in compiled code.");
  text.gauge("gpt2_requests_running", underWay, "Texts under way.");
  text.gauge("gpt2_requests_waiting", waiting, "Requests that wait.");
  text.gauge("gpt2_kept_texts", kept,
             "Ended texts whose keys and values are kept.");
  addHistogram(text, "gpt2_time_to_first_token_seconds", firstToken,
               "From a request to its first token.");
  addHistogram(text, "gpt2_time_per_output_token_seconds", nextToken,
               "From one token of a text to its next.");
  addHistogram(text, "gpt2_request_seconds", request,
               "From a request to its end.");
  addRecent(text, "gpt2_recent_prompt_tokens", traffic.prompts, now,
            "Lengths of prompts; half counts what came 5 minutes ago.");
  addRecent(text, "gpt2_recent_step_texts", traffic.widths, now,
            "Texts that got a token, a step; likewise.");
  addRecent(text, "gpt2_recent_step_context", traffic.contexts, now,
            "A step's longest sequence; likewise.");
  return text.str();
}

nlohmann::json Metrics::toJson() const {
  std::lock_guard lock(mutex);
  double now = clock.seconds();
  nlohmann::json seconds = nlohmann::json::array();
  for (const Second &second : lastMinute)
    seconds.push_back({{"at", second.at - static_cast<int64_t>(now)},
                       {"tokens", second.tokens},
                       {"width", static_cast<double>(second.texts) /
                                     static_cast<double>(std::max<uint64_t>(
                                         second.steps, 1))}});
  return {{"running", underWay},
          {"waiting", waiting},
          {"kept", kept},
          {"tokens", newTokens},
          {"prompt_tokens", promptTokens},
          {"reused_tokens", reusedTokens},
          {"step_seconds", stepSeconds},
          {"model_seconds", modelSeconds},
          {"last_minute", seconds},
          {"prompts", bucketsOf(traffic.prompts, now)},
          {"widths", bucketsOf(traffic.widths, now)},
          {"contexts", bucketsOf(traffic.contexts, now)}};
}

} // namespace gpt2
