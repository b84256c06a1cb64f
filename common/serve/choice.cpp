//===- choice.cpp - A text being continued, as OpenAI's protocol has it -===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "serve/choice.h"

#include <algorithm>

using nlohmann::json;

namespace gpt2 {

/// Of UTF-8.
static size_t charactersOf(std::string_view text) {
  return static_cast<size_t>(
      std::ranges::count_if(text, [](char c) { return (c & 0xc0) != 0x80; }));
}

Choice::Choice(size_t index, const CompletionRequest &request,
               const Tokenizer &tokenizer)
    : index(index), tokenizer(tokenizer), echoes(request.echo),
      scores(request.logprobs.has_value()),
      prompt(request.prompts[index / static_cast<size_t>(request.n)]),
      pieces(request.stop) {
  if (echoes)
    for (int32_t id : prompt)
      news += bytesOf(id);
  news = toUtf8(news);
  if (!echoes || !scores) // else its tokens are scored
    offset = charactersOf(news);
}

/// The bytes of a token; a model may have some that its tokenizer lacks.
std::string_view Choice::bytesOf(int32_t id) const {
  return tokenizer.isKnown(id) ? tokenizer.decode(id) : std::string_view();
}

void Choice::score(const ScoredToken &token) {
  if (logprobs.is_null())
    logprobs = {{"tokens", json::array()},
                {"token_logprobs", json::array()},
                {"top_logprobs", json::array()},
                {"text_offset", json::array()}};
  std::string text = toUtf8(bytesOf(token.id));
  logprobs["tokens"].push_back(text);
  logprobs["token_logprobs"].push_back(token.logprob ? json(*token.logprob)
                                                     : json());
  json top = json::object();
  for (auto [id, logprob] : token.top)
    top[toUtf8(bytesOf(id))] = logprob;
  logprobs["top_logprobs"].push_back(token.logprob ? top : json());
  logprobs["text_offset"].push_back(offset);
  offset += charactersOf(told.add(bytesOf(token.id)));
}

void Choice::addPrompt(const std::vector<ScoredToken> &tokens) {
  for (const ScoredToken &token : tokens)
    score(token);
}

bool Choice::addToken(const ScoredToken &token) {
  ++made;
  news += pieces.add(bytesOf(token.id));
  hasNews = true;
  if (scores && !pieces.isStopped())
    score(token);
  return !pieces.isStopped();
}

void Choice::end(const Ending &ending) {
  if (!pieces.isStopped())
    news += pieces.end();
  reason = ending;
}

json Choice::takeNews() {
  if (isTold || (news.empty() && !hasNews && !reason))
    return {};
  isTold = reason.has_value();
  hasNews = false;
  json finish;
  if (reason)
    finish = reason->reason == EndReason::TokenLimit ? "length" : "stop";
  return {{"text", std::exchange(news, "")},
          {"index", index},
          {"logprobs", std::exchange(logprobs, json())},
          {"finish_reason", finish}};
}

json AnswerHead::with(json choices) const {
  return {{"id", id},
          {"object", "text_completion"},
          {"created", created},
          {"model", model},
          {"choices", std::move(choices)}};
}

json usageOf(const CompletionRequest &request, int64_t newTokens,
             int64_t reusedTokens) {
  int64_t ofPrompts = 0;
  for (const std::vector<int32_t> &prompt : request.prompts)
    ofPrompts += static_cast<int64_t>(prompt.size());
  return {{"prompt_tokens", ofPrompts},
          {"completion_tokens", newTokens},
          {"total_tokens", ofPrompts + newTokens},
          {"prompt_tokens_details", {{"cached_tokens", reusedTokens}}}};
}

} // namespace gpt2
