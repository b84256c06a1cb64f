//===- exchange.cpp - A client's request and its answer -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "serve/exchange.h"

#include <algorithm>
#include <chrono>

using nlohmann::json;
using namespace std::chrono_literals;

namespace gpt2 {

Exchange::Exchange(CompletionRequest wanted, AnswerHead head,
                   const Tokenizer &tokenizer, Engine &engine, Metrics &metrics)
    : request(std::move(wanted)), head(std::move(head)), engine(engine),
      metrics(metrics) {
  size_t count = request.prompts.size() * static_cast<size_t>(request.n);
  for (size_t i = 0; i < count; ++i)
    choices.emplace_back(i, request, tokenizer);
  lastToken.resize(count);
}

std::shared_ptr<Exchange> Exchange::begin(CompletionRequest request,
                                          AnswerHead head,
                                          const Tokenizer &tokenizer,
                                          Engine &engine, Metrics &metrics) {
  std::shared_ptr<Exchange> exchange(new Exchange(
      std::move(request), std::move(head), tokenizer, engine, metrics));
  exchange->submit();
  return exchange;
}

Exchange::~Exchange() { cancel(); }

void Exchange::submit() {
  std::vector<Request> requests = request.requests();
  for (size_t i = 0; i < requests.size(); ++i) {
    // The engine may outlive whoever asked.
    std::weak_ptr<Exchange> weak = weak_from_this();
    requests[i].onPrompt = [weak, i](std::vector<ScoredToken> tokens) {
      if (auto self = weak.lock()) {
        std::lock_guard lock(self->mutex);
        self->choices[i].addPrompt(tokens);
      }
    };
    requests[i].onToken = [weak, i](const ScoredToken &token) {
      auto self = weak.lock();
      if (!self)
        return false;
      std::lock_guard lock(self->mutex);
      self->tellTime(i);
      bool wantsMore = self->choices[i].addToken(token);
      self->hasNews = true;
      self->changed.notify_one();
      return wantsMore;
    };
    requests[i].onEnd = [weak, i](const Ending &ending) {
      if (auto self = weak.lock()) {
        std::lock_guard lock(self->mutex);
        self->choices[i].end(ending);
        self->metrics.countEnding(ending.reason, ending.reused,
                                  self->watch.seconds());
        self->hasNews = true;
        self->changed.notify_one();
      }
    };
  }
  ids = engine.submit(std::move(requests));
  if (ids)
    for (const std::vector<int32_t> &prompt : request.prompts)
      metrics.countPrompt(static_cast<int64_t>(prompt.size()));
}

/// Counts how long token of choice `i` was waited for.
void Exchange::tellTime(size_t i) {
  double now = watch.seconds();
  if (lastToken[i] == 0)
    metrics.countFirstToken(now);
  else
    metrics.countNextToken(now - lastToken[i]);
  lastToken[i] = now;
}

bool Exchange::isEnded() {
  std::lock_guard lock(mutex);
  return !ids || std::ranges::all_of(choices, &Choice::isEnded);
}

std::vector<json> Exchange::nextChunks() {
  std::unique_lock lock(mutex);
  changed.wait_for(lock, 50ms, [this] { return hasNews; });
  hasNews = false;
  std::vector<json> chunks;
  for (Choice &choice : choices) {
    if (choice.ending() && choice.ending()->reason == EndReason::Failed)
      throwIfFailed();
    if (json news = choice.takeNews(); !news.is_null())
      chunks.push_back(head.with(json::array({std::move(news)})));
  }
  return chunks;
}

void Exchange::waitForEnd(const std::function<bool()> &isStillWanted) {
  while (!isEnded()) {
    std::unique_lock lock(mutex);
    changed.wait_for(lock, 50ms, [this] { return hasNews; });
    hasNews = false;
    lock.unlock();
    if (!isStillWanted())
      return cancel();
  }
}

void Exchange::cancel() {
  if (!ids)
    return;
  for (size_t i = 0; i < ids->size(); ++i) {
    bool isOver = false;
    {
      std::lock_guard lock(mutex);
      isOver = choices[i].isEnded();
    }
    if (!isOver)
      engine.cancel((*ids)[i]);
  }
}

void Exchange::throwIfFailed() const {
  for (const Choice &choice : choices) {
    if (!choice.ending())
      continue;
    if (choice.ending()->reason == EndReason::Failed)
      throw ProtocolError(500, choice.ending()->message);
    if (choice.ending()->reason == EndReason::Cancelled)
      throw ProtocolError(503, "The server is ending; ask again later");
  }
}

int64_t Exchange::newTokens() const {
  int64_t count = 0;
  for (const Choice &choice : choices)
    count += choice.tokens();
  return count;
}

int64_t Exchange::reusedTokens() const {
  int64_t count = 0;
  for (const Choice &choice : choices)
    count += choice.ending() ? choice.ending()->reused : 0;
  return count;
}

json Exchange::answer() {
  std::lock_guard lock(mutex);
  throwIfFailed();
  json all = json::array();
  for (Choice &choice : choices)
    all.push_back(choice.takeNews());
  json answer = head.with(std::move(all));
  answer["usage"] = usageOf(request, newTokens(), reusedTokens());
  return answer;
}

json Exchange::usageChunk() {
  if (!request.includeUsage)
    return {};
  std::lock_guard lock(mutex);
  json chunk = head.with(json::array());
  chunk["usage"] = usageOf(request, newTokens(), reusedTokens());
  return chunk;
}

} // namespace gpt2
