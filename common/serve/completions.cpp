//===- completions.cpp - OpenAI's protocol for continuing texts ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "serve/completions.h"
#include "support/error.h"
#include "support/json_file.h"

#include <algorithm>
#include <cmath>
#include <random>

using nlohmann::json;

namespace gpt2 {

json ProtocolError::toJson() const {
  auto orNull = [](const std::string &text) {
    return text.empty() ? json() : json(text);
  };
  return {{"error",
           {{"message", what()},
            {"type", status == 401   ? "authentication_error"
                     : status == 429 ? "rate_limit_error"
                     : status >= 500 ? "server_error"
                                     : "invalid_request_error"},
            {"param", orNull(parameter)},
            {"code", orNull(code)}}}};
}

namespace {

/// The fields of a request's body.
class Fields {
public:
  explicit Fields(const json &body) : body(body) {}

  /// The field, or null if it is not there.
  const json &operator[](const std::string &name) const {
    static const json none;
    auto found = body.find(name);
    return found == body.end() ? none : *found;
  }

  [[noreturn]] void refuse(const std::string &name,
                           const std::string &expected) const {
    throw ProtocolError(400,
                        "\"" + name + "\" is " + shown((*this)[name]) +
                            "; expected " + expected,
                        name);
  }

  double number(const std::string &name, double otherwise, double least,
                double most) const {
    const json &value = (*this)[name];
    if (value.is_null())
      return otherwise;
    if (!value.is_number() || !(value.get<double>() >= least) ||
        !(value.get<double>() <= most)) {
      std::ostringstream range;
      range << "a number from " << least << " to " << most;
      refuse(name, range.str());
    }
    return value.get<double>();
  }

  std::optional<int64_t> whole(const std::string &name, int64_t least,
                               int64_t most) const {
    const json &value = (*this)[name];
    if (value.is_null())
      return std::nullopt;
    bool isWhole =
        value.is_number_unsigned()
            ? value.get<uint64_t>() <= static_cast<uint64_t>(INT64_MAX)
            : value.is_number_integer();
    if (!isWhole || value.get<int64_t>() < least || value.get<int64_t>() > most)
      refuse(name, "a whole number from " + std::to_string(least) + " to " +
                       std::to_string(most));
    return value.get<int64_t>();
  }

  bool flag(const std::string &name) const {
    const json &value = (*this)[name];
    if (!value.is_null() && !value.is_boolean())
      refuse(name, "true or false");
    return value.is_boolean() && value.get<bool>();
  }

  /// Not more of a value than a message needs.
  static std::string shown(const json &value) {
    std::string text =
        value.dump(-1, ' ', false, json::error_handler_t::replace);
    return text.size() <= 60 ? text : toUtf8(text.substr(0, 57)) + "...";
  }

private:
  const json &body;
};

std::vector<int32_t> idsOf(const json &list, const Fields &fields,
                           const Config &config) {
  std::vector<int32_t> ids;
  for (const json &id : list) {
    if (!id.is_number_integer() || id.get<int64_t>() < 0 ||
        id.get<int64_t>() >= config.vocab)
      fields.refuse("prompt", "token ids from 0 to " +
                                  std::to_string(config.vocab - 1) +
                                  " where it is not text");
    ids.push_back(id.get<int32_t>());
  }
  return ids;
}

/// One prompt or several: text, or lists of ids.
std::vector<std::vector<int32_t>> promptsOf(const Fields &fields,
                                            const Config &config,
                                            const Tokenizer &tokenizer) {
  const json &prompt = fields["prompt"];
  std::vector<std::vector<int32_t>> prompts;
  auto add = [&](const json &one) {
    if (one.is_string())
      prompts.push_back(tokenizer.encode(one.get_ref<const std::string &>()));
    else if (one.is_array())
      prompts.push_back(idsOf(one, fields, config));
    else
      fields.refuse("prompt",
                    "a string, a list of strings, or token ids in lists");
  };
  bool isOne =
      !prompt.is_array() || (!prompt.empty() && prompt.front().is_number());
  if (prompt.is_null()) // the protocol's: the beginning of a text
    add("");
  else if (isOne)
    add(prompt);
  else
    for (const json &one : prompt)
      add(one);
  constexpr size_t most = 64;
  if (prompts.empty() || prompts.size() > most)
    fields.refuse("prompt", "1 to " + std::to_string(most) + " prompts");
  for (std::vector<int32_t> &ids : prompts) {
    if (ids.size() > static_cast<size_t>(config.context))
      throw ProtocolError(
          400,
          "This model's maximum context length is " +
              std::to_string(config.context) + " tokens; the prompt has " +
              std::to_string(ids.size()) + ". Shorten the prompt",
          "prompt", "context_length_exceeded");
    try {
      preparePrompt(ids, config, ContextPolicy::Stop);
    } catch (const Error &error) {
      throw ProtocolError(400, error.what(), "prompt");
    }
  }
  return prompts;
}

std::vector<std::string> stopsOf(const Fields &fields) {
  const json &stop = fields["stop"];
  std::vector<std::string> stops;
  constexpr const char *expected = "a string or up to 4, none of them empty";
  auto add = [&](const json &one) {
    if (!one.is_string() || one.get_ref<const std::string &>().empty())
      fields.refuse("stop", expected);
    stops.push_back(one);
  };
  if (stop.is_array())
    for (const json &one : stop)
      add(one);
  else if (!stop.is_null())
    add(stop);
  if (stops.size() > 4)
    fields.refuse("stop", expected);
  return stops;
}

/// Fields that would change what comes, and that nobody here follows.
void refuseUnknown(const json &body, const Fields &fields) {
  static const std::vector<std::string> known{"model",
                                              "prompt",
                                              "max_tokens",
                                              "temperature",
                                              "top_p",
                                              "n",
                                              "stop",
                                              "seed",
                                              "logprobs",
                                              "echo",
                                              "presence_penalty",
                                              "frequency_penalty",
                                              "stream",
                                              "stream_options",
                                              "user",
                                              "best_of",
                                              "suffix",
                                              "logit_bias",
                                              "top_k"};
  for (const auto &[name, value] : body.items())
    if (std::ranges::find(known, name) == known.end())
      throw ProtocolError(
          400, "\"" + toUtf8(name) + "\" is no field that this server knows",
          toUtf8(name));
  const json &best = fields["best_of"], &n = fields["n"];
  if (!best.is_null() && best != (n.is_null() ? json(1) : n))
    fields.refuse("best_of", "what \"n\" is: texts are not ranked here");
  if (!fields["suffix"].is_null() && fields["suffix"] != "")
    fields.refuse("suffix", "none: the model continues texts only");
  if (!fields["logit_bias"].is_null() && !fields["logit_bias"].empty())
    fields.refuse("logit_bias", "none: this server takes no biases");
}

} // namespace

CompletionRequest CompletionRequest::parse(const std::string &text,
                                           const Config &config,
                                           const Tokenizer &tokenizer,
                                           const std::string &model) {
  json body;
  try {
    body = parseJsonObject(text, "the body");
  } catch (const Error &error) {
    throw ProtocolError(400, error.what());
  }
  Fields fields(body);
  const json &wanted = fields["model"];
  if (!wanted.is_null() && !wanted.is_string())
    fields.refuse("model", "a string");
  if (wanted.is_string() && wanted != model)
    throw ProtocolError(404,
                        "The model " + Fields::shown(wanted) +
                            " is not here; this server has \"" + model + "\"",
                        "model", "model_not_found");
  refuseUnknown(body, fields);
  CompletionRequest request;
  request.prompts = promptsOf(fields, config, tokenizer);
  request.n = fields.whole("n", 1, 128).value_or(1);
  request.echo = fields.flag("echo");
  request.stream = fields.flag("stream");
  request.maxTokens = fields.whole("max_tokens", 0, INT64_MAX).value_or(16);
  request.maxTokens = std::min(request.maxTokens, config.context);
  if (auto logprobs = fields.whole("logprobs", 0, 20))
    request.logprobs = static_cast<size_t>(*logprobs);
  request.presencePenalty = fields.number("presence_penalty", 0, -2, 2);
  request.frequencyPenalty = fields.number("frequency_penalty", 0, -2, 2);
  request.sampler = {.temperature = fields.number("temperature", 1, 0, 2),
                     .topK = fields.whole("top_k", 0, config.vocab).value_or(0),
                     .topP = fields.number("top_p", 1, 0, 1)};
  // The protocol allows 0, which leaves the most likely.
  request.sampler.topP = std::max(request.sampler.topP, 1e-9);
  auto seed = fields.whole("seed", INT64_MIN, INT64_MAX);
  request.hasSeed = seed.has_value();
  request.sampler.seed = static_cast<uint64_t>(
      seed ? *seed : static_cast<int64_t>(std::random_device()()));
  request.stop = stopsOf(fields);
  const json &options = fields["stream_options"];
  if (!options.is_null()) {
    if (!options.is_object() || !request.stream)
      fields.refuse("stream_options", "an object, and \"stream\": true");
    request.includeUsage = Fields(options).flag("include_usage");
  }
  if (request.prompts.size() * static_cast<size_t>(request.n) > 256)
    throw ProtocolError(400,
                        "\"n\" for each prompt makes " +
                            std::to_string(request.prompts.size() * request.n) +
                            " texts; expected at most 256",
                        "n");
  return request;
}

std::vector<Request> CompletionRequest::requests() const {
  std::vector<Request> all;
  for (const std::vector<int32_t> &prompt : prompts)
    for (int64_t i = 0; i < n; ++i) {
      Request &one = all.emplace_back();
      one.prompt = prompt;
      one.maxNewTokens = maxTokens;
      one.sampler = sampler;
      one.sampler.seed += all.size() - 1;
      one.presencePenalty = presencePenalty;
      one.frequencyPenalty = frequencyPenalty;
      one.logprobs = logprobs;
      one.scoresPrompt = echo && logprobs;
    }
  return all;
}

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
