//===- completions_test.cpp - What the protocol says, and refuses -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "model/checkpoint/checkpoint.h"
#include "serve/choice.h"
#include "support/paths.h"

#include <gmock/gmock.h>

using namespace gpt2;
using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

namespace {

class Completions : public ::testing::Test {
protected:
  std::unique_ptr<Checkpoint> checkpoint =
      Checkpoint::open(paths::embeddedModel());
  const Config &config = checkpoint->config();
  Tokenizer tokenizer = Tokenizer::open(paths::embeddedModel(), config);

  CompletionRequest parse(const json &body) {
    return CompletionRequest::parse(body.dump(), config, tokenizer, "tales");
  }
  /// What is said of a body that is refused: parameter, status and message.
  std::tuple<std::string, int, std::string> refused(const std::string &body) {
    try {
      CompletionRequest::parse(body, config, tokenizer, "tales");
    } catch (const ProtocolError &error) {
      json all = error.toJson();
      EXPECT_EQ(all["error"]["message"], error.what());
      EXPECT_TRUE(all["error"].contains("type"));
      EXPECT_TRUE(all["error"].contains("code"));
      return {error.parameter, error.status, error.what()};
    }
    return {"", 200, ""};
  }
};

TEST_F(Completions, TakesWhatTheProtocolHas) {
  CompletionRequest plain = parse({{"prompt", "Once"}});
  EXPECT_EQ(plain.prompts.size(), 1u);
  EXPECT_EQ(plain.maxTokens, 16);
  EXPECT_EQ(plain.sampler.temperature, 1);
  EXPECT_EQ(plain.sampler.topK, 0);
  CompletionRequest full = parse({{"model", "tales"},
                                  {"prompt", {"a", "b"}},
                                  {"max_tokens", 3},
                                  {"temperature", 0},
                                  {"top_p", 0.5},
                                  {"n", 2},
                                  {"stop", {"x", "y"}},
                                  {"seed", -1},
                                  {"logprobs", 3},
                                  {"echo", true},
                                  {"presence_penalty", -2},
                                  {"frequency_penalty", 1.5},
                                  {"logit_bias", {{"7", -100}, {"8", 0.5}}},
                                  {"stream", true},
                                  {"stream_options", {{"include_usage", true}}},
                                  {"user", "somebody"}});
  EXPECT_THAT(full.stop, ElementsAre("x", "y"));
  std::vector<Request> requests = full.requests();
  ASSERT_EQ(requests.size(), 4u);
  EXPECT_EQ(requests[1].prompt, requests[0].prompt);
  EXPECT_NE(requests[2].prompt, requests[0].prompt);
  EXPECT_EQ(requests[3].sampler.seed, requests[0].sampler.seed + 3);
  EXPECT_EQ(requests[0].frequencyPenalty, 1.5);
  EXPECT_THAT(requests[0].biases,
              ElementsAre(std::pair(7, -100.), std::pair(8, 0.5)));
  EXPECT_EQ(requests[0].logprobs, 3u);
  EXPECT_TRUE(requests[0].scoresPrompt);
  EXPECT_TRUE(full.includeUsage);
}

TEST_F(Completions, TakesIds) {
  EXPECT_THAT(parse({{"prompt", {1, 2, 3}}}).prompts,
              ElementsAre(ElementsAre(1, 2, 3)));
  EXPECT_THAT(parse({{"prompt", {{1, 2}, {3}}}}).prompts,
              ElementsAre(ElementsAre(1, 2), ElementsAre(3)));
  // The beginning of a text.
  EXPECT_EQ(parse(json::object()).prompts, parse({{"prompt", ""}}).prompts);
  EXPECT_EQ(parse(json::object()).prompts[0].size(), 1u);
}

TEST_F(Completions, SaysWhichFieldIsWrong) {
  struct Case {
    const char *body, *parameter, *message;
  };
  for (const Case &one : std::initializer_list<Case>{
           {"", "", "the body"},
           {"[1]", "", "the body"},
           {"{\"prompt\": \"a\"", "", "the body"},
           {R"({"prompt": 3})", "prompt", "expected a string"},
           {R"({"prompt": [["a"]]})", "prompt", "token ids from 0 to 4095"},
           {R"({"prompt": [4096]})", "prompt", "token ids from 0 to 4095"},
           {R"({"prompt": [-1]})", "prompt", "token ids"},
           {R"({"prompt": [1.5]})", "prompt", "token ids"},
           {R"({"prompt": [1, "a"]})", "prompt", "token ids"},
           {R"({"prompt": []})", "prompt", "1 to 64 prompts"},
           {R"({"max_tokens": -1})", "max_tokens", "\"max_tokens\" is -1"},
           {R"({"max_tokens": 1.5})", "max_tokens", "whole number"},
           {R"({"max_tokens": "9"})", "max_tokens", "whole number"},
           {R"({"max_tokens": 18446744073709551615})", "max_tokens", "whole"},
           {R"({"temperature": 2.1})", "temperature", "from 0 to 2"},
           {R"({"temperature": "hot"})", "temperature", "is \"hot\""},
           {R"({"top_p": -0.1})", "top_p", "from 0 to 1"},
           {R"({"n": 0})", "n", "from 1 to 128"},
           {R"({"n": 129})", "n", "from 1 to 128"},
           {R"({"prompt": ["a","b","c"], "n": 128})", "n", "384 texts"},
           {R"({"stop": ""})", "stop", "none of them empty"},
           {R"({"stop": ["a","b","c","d","e"]})", "stop", "up to 4"},
           {R"({"stop": [1]})", "stop", "a string or up to 4"},
           {R"({"seed": 0.5})", "seed", "whole number"},
           {R"({"logprobs": 21})", "logprobs", "from 0 to 20"},
           {R"({"logprobs": true})", "logprobs", "whole number"},
           {R"({"presence_penalty": 3})", "presence_penalty", "from -2 to 2"},
           {R"({"echo": 1})", "echo", "true or false"},
           {R"({"stream": "yes"})", "stream", "true or false"},
           {R"({"stream_options": {}})", "stream_options", "\"stream\": true"},
           {R"({"suffix": "end"})", "suffix", "continues texts only"},
           {R"({"best_of": 2})", "best_of", "not ranked"},
           {R"({"logit_bias": [5]})", "logit_bias", "an object of up to 1000"},
           {R"({"logit_bias": {"5": 101}})", "logit_bias", "from -100 to 100"},
           {R"({"logit_bias": {"5": "1"}})", "logit_bias", "with numbers"},
           {R"({"logit_bias": {"4096": 1}})", "logit_bias", "ids below 4096"},
           {R"({"logit_bias": {"-1": 1}})", "logit_bias", "ids below 4096"},
           {R"({"logit_bias": {"05": 1}})", "logit_bias", "ids below 4096"},
           {R"({"logit_bias": {"a": 1}})", "logit_bias", "as strings"},
           {R"({"messages": []})", "messages", "no field"},
           {R"({"max_token": 3})", "max_token", "no field"}}) {
    auto [parameter, status, message] = refused(one.body);
    EXPECT_EQ(status, 400) << one.body;
    EXPECT_EQ(parameter, one.parameter) << one.body;
    EXPECT_THAT(message, HasSubstr(one.message)) << one.body;
  }
  EXPECT_EQ(std::get<1>(refused(R"({"model": "gpt-4"})")), 404);
  json longer = {{"prompt", std::vector<int>(513, 1)}};
  auto [parameter, status, message] = refused(longer.dump());
  EXPECT_EQ(status, 400);
  EXPECT_THAT(message, HasSubstr("maximum context length is 512 tokens; the "
                                 "prompt has 513"));
}

TEST_F(Completions, HugeMaxTokensAreTheContexts) {
  EXPECT_EQ(parse({{"max_tokens", INT64_MAX}}).maxTokens, config.context);
}

TEST_F(Completions, AChoiceTellsWhatCame) {
  CompletionRequest request =
      parse({{"prompt", "Once"}, {"echo", true}, {"stop", "king"}});
  Choice choice(0, request, tokenizer);
  EXPECT_EQ(choice.takeNews()["text"], "Once");
  EXPECT_TRUE(choice.takeNews().is_null());
  bool wantsMore = true;
  for (int32_t id : tokenizer.encode(" there was a king"))
    wantsMore = choice.addToken({.id = id});
  EXPECT_FALSE(wantsMore);
  choice.end({.reason = EndReason::Enough});
  json news = choice.takeNews();
  EXPECT_EQ(news["text"], " there was a ");
  EXPECT_EQ(news["finish_reason"], "stop");
  EXPECT_TRUE(choice.takeNews().is_null());
}

TEST_F(Completions, OffsetsCountCharacters) {
  CompletionRequest request =
      parse({{"prompt", "\u00e9"}, {"echo", true}, {"logprobs", 0}});
  Choice choice(0, request, tokenizer);
  std::vector<ScoredToken> prompt;
  for (int32_t id : request.prompts[0])
    prompt.push_back({.id = id});
  choice.addPrompt(prompt);
  choice.addToken({.id = tokenizer.encode(" a")[0], .logprob = -0.5});
  choice.end({.reason = EndReason::TokenLimit});
  json logprobs = choice.takeNews()["logprobs"];
  size_t count = prompt.size() + 1;
  EXPECT_EQ(logprobs["tokens"].size(), count);
  EXPECT_EQ(logprobs["text_offset"][0], 0);
  EXPECT_EQ(logprobs["text_offset"].back(), 1); // of however many tokens
  EXPECT_TRUE(logprobs["token_logprobs"][0].is_null());
  EXPECT_EQ(logprobs["token_logprobs"].back(), -0.5);
}

} // namespace
