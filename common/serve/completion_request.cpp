//===- completion_request.cpp - What a client asks for ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "serve/completion_request.h"
#include "serve/text_pieces.h"
#include "support/error.h"
#include "support/json_file.h"

#include <algorithm>
#include <charconv>
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

/// {"50256": -100}
std::vector<std::pair<int32_t, double>> biasesOf(const Fields &fields,
                                                 const Config &config) {
  const json &field = fields["logit_bias"];
  std::vector<std::pair<int32_t, double>> biases;
  if (field.is_null())
    return biases;
  std::string expected = "an object of up to 1000 token ids below " +
                         std::to_string(config.vocab) +
                         ", as strings, with numbers from -100 to "
                         "100";
  if (!field.is_object() || field.size() > 1000)
    fields.refuse("logit_bias", expected);
  for (const auto &[name, bias] : field.items()) {
    int32_t id = -1;
    auto [end, error] =
        std::from_chars(name.data(), name.data() + name.size(), id);
    if (error != std::errc() || end != name.data() + name.size() || id < 0 ||
        id >= config.vocab || std::to_string(id) != name || !bias.is_number() ||
        !(std::abs(bias.get<double>()) <= 100))
      fields.refuse("logit_bias", expected);
    biases.emplace_back(id, bias.get<double>());
  }
  return biases;
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
  request.biases = biasesOf(fields, config);
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
      one.biases = biases;
      one.logprobs = logprobs;
      one.scoresPrompt = echo && logprobs;
    }
  return all;
}

} // namespace gpt2
