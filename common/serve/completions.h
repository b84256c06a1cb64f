//===- completions.h - OpenAI's protocol for continuing texts -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The JSON of /v1/completions, as OpenAI's API reference has it, and as the
// package `openai` sends and reads it.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "model/tokenizer/tokenizer.h"
#include "serve/request.h"
#include "serve/text_pieces.h"

#include <nlohmann/json.hpp>

namespace gpt2 {

/// What is wrong with a request, in the protocol's terms.
class ProtocolError : public std::runtime_error {
public:
  ProtocolError(int status, const std::string &message,
                std::string parameter = "", std::string code = "")
      : std::runtime_error(message), status(status),
        parameter(std::move(parameter)), code(std::move(code)) {}

  int status; ///< HTTP's
  std::string parameter, code;

  nlohmann::json toJson() const;
};

/// The body of a POST to /v1/completions.
struct CompletionRequest {
  /// Throws a ProtocolError that names the field if it is no such request.
  static CompletionRequest parse(const std::string &body, const Config &config,
                                 const Tokenizer &tokenizer,
                                 const std::string &model);

  std::vector<std::vector<int32_t>> prompts;
  int64_t n = 1; ///< texts for each prompt
  int64_t maxTokens = 16;
  SamplerOptions sampler;
  bool hasSeed = false;
  double presencePenalty = 0, frequencyPenalty = 0;
  std::optional<size_t> logprobs;
  bool echo = false, stream = false, includeUsage = false;
  std::vector<std::string> stop;

  /// One for each text, without its functions; text i is of prompt i / n.
  std::vector<Request> requests() const;
};

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
