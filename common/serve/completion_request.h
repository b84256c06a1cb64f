//===- completion_request.h - What a client asks for --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The JSON of /v1/completions, as OpenAI's API reference has it, and as the
// package `openai` sends and reads it.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "model/tokenizer/tokenizer.h"
#include "serve/request.h"

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
  std::vector<std::pair<int32_t, double>> biases;
  std::optional<size_t> logprobs;
  bool echo = false, stream = false, includeUsage = false;
  std::vector<std::string> stop;

  /// One for each text, without its functions; text i is of prompt i / n.
  std::vector<Request> requests() const;
};

} // namespace gpt2
