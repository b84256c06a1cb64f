//===- choice.h - A text being continued, as OpenAI's protocol has it ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "serve/completion_request.h"
#include "serve/text_pieces.h"

namespace gpt2 {

/// A text that is being continued, as the protocol tells it.
class Choice {
public:
  Choice(size_t index, const CompletionRequest &request,
         const Tokenizer &tokenizer);

  /// Takes what a Request's functions are given. Both say whether more tokens
  /// are wanted.
  void addPrompt(const std::vector<ScoredToken> &tokens);
  bool addToken(const ScoredToken &token);
  void end(const Ending &ending);

  bool isEnded() const { return reason.has_value(); }
  const std::optional<Ending> &ending() const { return reason; }
  int64_t tokens() const { return made; }

  /// What came since the last call, as an element of "choices"; null if there
  /// is nothing to tell.
  nlohmann::json takeNews();

private:
  void score(const ScoredToken &token);
  std::string_view bytesOf(int32_t id) const;

  size_t index;
  const Tokenizer &tokenizer;
  bool echoes, scores;
  std::vector<int32_t> prompt;
  TextPieces pieces;
  TextPieces told{{}}; ///< what is scored, to count its characters
  std::string news;
  nlohmann::json logprobs;
  size_t offset = 0; ///< characters before the next token
  int64_t made = 0;
  std::optional<Ending> reason;
  bool hasNews = false; ///< a token, even if its text is held back
  bool isTold = false;
};

/// What all of an answer's parts have in common.
struct AnswerHead {
  std::string id, model;
  int64_t created; ///< seconds since 1970

  nlohmann::json with(nlohmann::json choices) const;
};

nlohmann::json usageOf(const CompletionRequest &request, int64_t newTokens,
                       int64_t reusedTokens);

} // namespace gpt2
