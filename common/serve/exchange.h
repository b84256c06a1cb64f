//===- exchange.h - A client's request and its answer -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "serve/choice.h"
#include "serve/engine.h"

#include <condition_variable>
#include <memory>
#include <mutex>

namespace gpt2 {

/// A request to /v1/completions that is being computed: what the engine's
/// thread tells, kept for the thread that answers.
class Exchange : public std::enable_shared_from_this<Exchange> {
public:
  static std::shared_ptr<Exchange> begin(CompletionRequest request,
                                         AnswerHead head,
                                         const Tokenizer &tokenizer,
                                         Engine &engine, Metrics &metrics);
  /// Cancels what has not ended.
  ~Exchange();

  /// False if the engine takes no more.
  bool isTaken() const { return ids.has_value(); }

  /// Waits for news, at most some milliseconds: the chunks to be sent of a
  /// stream, as JSON.
  std::vector<nlohmann::json> nextChunks();
  /// Whether all texts have ended, or none is taken.
  bool isEnded();
  void waitForEnd(const std::function<bool()> &isStillWanted);
  /// Ends it: nobody listens any more.
  void cancel();

  /// The whole answer, when all have ended. Throws a ProtocolError if something
  /// went wrong.
  nlohmann::json answer();
  nlohmann::json usageChunk();

private:
  Exchange(CompletionRequest request, AnswerHead head,
           const Tokenizer &tokenizer, Engine &engine, Metrics &metrics);
  void submit();
  void tellTime(size_t i);
  void throwIfFailed() const;
  int64_t newTokens() const;
  int64_t reusedTokens() const;

  const CompletionRequest request;
  const AnswerHead head;
  Engine &engine;
  Metrics &metrics;
  Stopwatch watch;
  std::optional<std::vector<Scheduler::Id>> ids;
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<Choice> choices;
  std::vector<double> lastToken; ///< when each had its last, 0 for none
  bool hasNews = false;
};

} // namespace gpt2
