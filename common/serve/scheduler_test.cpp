//===- scheduler_test.cpp - Nobody waits, nothing is lost or wrong ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "serve/scheduler.h"
#include "testing/pretended_model.h"

#include <gmock/gmock.h>

#include <cmath>
#include <map>
#include <random>

using namespace gpt2;
using namespace gpt2::testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

namespace {

using Ids = std::vector<int32_t>;

Ids someIds(size_t count, int32_t first = 0) {
  Ids ids(count);
  for (size_t i = 0; i < count; ++i)
    ids[i] = static_cast<int32_t>((7 * i + static_cast<size_t>(first)) %
                                  PretendedModel::vocab);
  return ids;
}

/// What became of requests; to outlive the scheduler, which ends them.
struct Seen {
  std::map<uint64_t, Ids> tokens;
  std::map<uint64_t, Ending> endings;

  Request request(uint64_t id, Ids prompt, int64_t maxNewTokens) {
    Request request;
    request.prompt = std::move(prompt);
    request.maxNewTokens = maxNewTokens;
    request.sampler.temperature = 0;
    request.onToken = [this, id](const ScoredToken &token) {
      tokens[id].push_back(token.id);
      return true;
    };
    request.onEnd = [this, id](const Ending &ending) {
      EXPECT_FALSE(endings.contains(id)) << "it ended twice";
      endings[id] = ending;
    };
    return request;
  }
};

/// What follows `prompt`, until there are `count` or the context is full.
Ids expected(const Ids &prompt, int64_t count) {
  size_t length = std::min<size_t>(prompt.size() + static_cast<size_t>(count),
                                   PretendedModel::context + 1);
  Ids all = PretendedModel::continued(prompt, length);
  return {all.begin() + static_cast<ptrdiff_t>(prompt.size()), all.end()};
}

void runAll(Scheduler &scheduler) {
  for (int steps = 0; !scheduler.isIdle(); ++steps) {
    ASSERT_LT(steps, 100000);
    scheduler.step();
  }
}

TEST(Scheduler, WritesWhatEachWouldHaveAlone) {
  for (bool reuses : {true, false})
    for (bool cuts : {true, false})
      for (bool joins : {true, false}) {
        Seen seen;
        PretendedModel model;
        Scheduler scheduler(model.forward(), {.width = 3,
                                              .piece = 5,
                                              .largePiece = 9,
                                              .kept = 2,
                                              .joinsBetween = joins,
                                              .cutsPrompts = cuts,
                                              .reusesPrefixes = reuses});
        std::map<uint64_t, std::pair<Ids, int64_t>> given;
        for (uint64_t id = 0; id < 40; ++id) {
          Ids prompt = someIds(1 + id * 13 % 90, static_cast<int32_t>(id % 3));
          int64_t count = 1 + static_cast<int64_t>(id) * 5 % 12;
          given[id] = {prompt, count};
          scheduler.add(id, seen.request(id, prompt, count));
          if (id % 4 == 0)
            scheduler.step();
        }
        runAll(scheduler);
        for (const auto &[id, what] : given) {
          EXPECT_EQ(seen.tokens[id], expected(what.first, what.second));
          EXPECT_EQ(seen.endings[id].reason, EndReason::TokenLimit);
        }
      }
}

TEST(Scheduler, NobodyWaitsForALongPrompt) {
  Seen seen;
  PretendedModel model;
  Scheduler scheduler(model.forward(), {.width = 4, .piece = 4});
  scheduler.add(1, seen.request(1, {5, 6}, 50));
  scheduler.step();
  EXPECT_EQ(seen.tokens[1].size(), 1u);
  scheduler.add(2, seen.request(2, someIds(80), 1));
  for (size_t step = 1; step <= 19; ++step) {
    StepShape shape = scheduler.step();
    EXPECT_EQ(shape.promptTokens, 4u);
    EXPECT_EQ(shape.rows(), 5u);
    EXPECT_EQ(seen.tokens[1].size(), 1 + step);
    EXPECT_EQ(seen.tokens.count(2), 0u);
  }
  scheduler.step(); // its last four
  EXPECT_EQ(seen.tokens[2], expected(someIds(80), 1));
}

TEST(Scheduler, FillsBlocksUp) {
  Seen seen;
  PretendedModel model;
  Scheduler scheduler(model.forward(),
                      {.width = 4, .piece = 5, .largePiece = 20, .block = 8});
  scheduler.add(1, seen.request(1, {5, 6}, 50));
  EXPECT_EQ(scheduler.step().rows(), 2u); // there is no more
  scheduler.add(2, seen.request(2, someIds(80), 1));
  EXPECT_EQ(scheduler.step().rows(), 8u);
  scheduler.cancel(1);
  EXPECT_EQ(scheduler.step().rows(), 24u);
  runAll(scheduler);
  EXPECT_EQ(seen.tokens[2], expected(someIds(80), 1));
}

TEST(Scheduler, AShortPromptDoesNotWaitForALongOne) {
  Seen seen;
  PretendedModel model;
  Scheduler scheduler(model.forward(),
                      {.width = 4, .piece = 8, .largePiece = 8});
  scheduler.add(1, seen.request(1, someIds(90), 1));
  scheduler.add(2, seen.request(2, {3, 1, 4}, 1));
  scheduler.step();
  EXPECT_EQ(seen.tokens[2], expected({3, 1, 4}, 1));
  EXPECT_FALSE(seen.endings.contains(1));
}

TEST(Scheduler, ComputesABeginningOnce) {
  Seen seen;
  PretendedModel model;
  Scheduler scheduler(model.forward(), {.width = 4, .kept = 2});
  Ids prompt = someIds(40);
  for (uint64_t id = 0; id < 3; ++id) // at the same time
    scheduler.add(id, seen.request(id, prompt, 3));
  runAll(scheduler);
  // 40 by the first, of the others the last token; two new tokens of each.
  EXPECT_EQ(model.computed(), 40u + 1 + 1 + 3 * 2);
  EXPECT_EQ(seen.endings[0].reused, 0);
  EXPECT_EQ(seen.endings[1].reused, 39);
  EXPECT_EQ(seen.endings[2].reused, 39);
  // And of a text that has ended.
  Ids longer = PretendedModel::continued(prompt, 42);
  longer.push_back(9);
  scheduler.add(3, seen.request(3, longer, 2));
  runAll(scheduler);
  EXPECT_EQ(seen.endings[3].reused, 42);
  EXPECT_EQ(seen.tokens[3], expected(longer, 2));
  EXPECT_EQ(scheduler.keptTexts(), 2u);
}

TEST(Scheduler, ACancelledTextMakesRoom) {
  Seen seen;
  PretendedModel model;
  Scheduler scheduler(model.forward(), {.width = 1, .kept = 0});
  for (uint64_t id = 1; id <= 3; ++id)
    scheduler.add(id, seen.request(id, {1, 2, static_cast<int32_t>(id)}, 50));
  scheduler.step();
  EXPECT_EQ(scheduler.underWay(), 1u);
  EXPECT_TRUE(scheduler.cancel(1));
  EXPECT_TRUE(scheduler.cancel(2)); // which waited
  EXPECT_FALSE(scheduler.cancel(2));
  EXPECT_FALSE(scheduler.cancel(9));
  EXPECT_EQ(seen.endings[1].reason, EndReason::Cancelled);
  EXPECT_EQ(seen.endings[2].reason, EndReason::Cancelled);
  scheduler.step();
  EXPECT_EQ(seen.tokens[3].size(), 1u);
  EXPECT_EQ(seen.tokens[1].size(), 1u);
}

TEST(Scheduler, WhatGoesWrongEndsWhatWasInTheStep) {
  Seen seen;
  PretendedModel model;
  Scheduler scheduler(model.forward(), {.width = 2});
  Ids prompt = someIds(30);
  scheduler.add(1, seen.request(1, prompt, 5));
  scheduler.add(2, seen.request(2, {4}, 5));
  PretendedModel::failAfter(1);
  runAll(scheduler);
  for (uint64_t id : {1, 2}) {
    EXPECT_EQ(seen.endings[id].reason, EndReason::Failed);
    EXPECT_THAT(seen.endings[id].message, HasSubstr("nothing"));
  }
  // Nothing is reused of what failed.
  scheduler.add(3, seen.request(3, prompt, 5));
  runAll(scheduler);
  EXPECT_EQ(seen.endings[3].reused, 0);
  EXPECT_EQ(seen.tokens[3], expected(prompt, 5));
}

TEST(Scheduler, EndsWhenSomebodyHasEnough) {
  Seen seen;
  PretendedModel model;
  Scheduler scheduler(model.forward(), {});
  Request request = seen.request(1, {1}, 50);
  size_t count = 0;
  request.onToken = [&](const ScoredToken &) { return ++count < 3; };
  scheduler.add(1, std::move(request));
  runAll(scheduler);
  EXPECT_EQ(count, 3u);
  EXPECT_EQ(seen.endings[1].reason, EndReason::Enough);
  // And with nothing to write at all.
  scheduler.add(2, seen.request(2, {1}, 0));
  runAll(scheduler);
  EXPECT_EQ(seen.endings[2].reason, EndReason::TokenLimit);
  EXPECT_EQ(seen.tokens.count(2), 0u);
}

TEST(Scheduler, SaysHowLikelyTokensAre) {
  Seen seen;
  PretendedModel model;
  Scheduler scheduler(model.forward(),
                      {.width = 2, .piece = 3, .largePiece = 3});
  Ids prompt = PretendedModel::continued({2, 7}, 8);
  prompt[5] = (prompt[5] + 1) % PretendedModel::vocab; // not the most likely
  prompt.resize(6);
  prompt = PretendedModel::continued(prompt, 8);
  Request request = seen.request(1, prompt, 1);
  std::vector<ScoredToken> scored, made;
  request.logprobs = 2;
  request.scoresPrompt = true;
  request.onPrompt = [&](std::vector<ScoredToken> tokens) { scored = tokens; };
  request.onToken = [&](const ScoredToken &token) {
    made.push_back(token);
    return true;
  };
  scheduler.add(1, std::move(request));
  runAll(scheduler);
  // One logit is 2 and the others are 0.
  double all = std::log(std::exp(2.0) + PretendedModel::vocab - 1);
  ASSERT_EQ(scored.size(), 8u);
  EXPECT_FALSE(scored[0].logprob);
  for (size_t i = 1; i < 8; ++i) {
    EXPECT_EQ(scored[i].id, prompt[i]);
    bool isLikely =
        prompt[i] == PretendedModel::next(std::span(prompt).first(i));
    if (i > 1) {
      EXPECT_EQ(isLikely, i != 5) << i;
    }
    EXPECT_NEAR(*scored[i].logprob, isLikely ? 2 - all : -all, 1e-6) << i;
    ASSERT_EQ(scored[i].top.size(), 2u);
    EXPECT_EQ(scored[i].top[0].first,
              PretendedModel::next(std::span(prompt).first(i)));
  }
  ASSERT_EQ(made.size(), 1u);
  EXPECT_EQ(made[0].id, PretendedModel::next(prompt));
  EXPECT_NEAR(*made[0].logprob, 2 - all, 1e-6);
}

TEST(Scheduler, WhoNeedsNoLogitsGetsNone) {
  Seen seen;
  PretendedModel model;
  Scheduler scheduler(model.forward(), {});
  for (uint64_t id : {1, 2, 3}) {
    Request request = seen.request(id, {1, 2}, 4);
    if (id == 2)
      request.logprobs = 1;
    scheduler.add(id, std::move(request));
    runAll(scheduler);
    EXPECT_EQ(seen.tokens[id], expected({1, 2}, 4)) << id;
  }
}

TEST(Scheduler, PenaltiesAreForWhatWasChosen) {
  // The likely token is at 2, all others at 0: after one choice 2 - 3 < 0.
  Seen seen;
  PretendedModel model;
  Scheduler scheduler(model.forward(), {});
  Request request = seen.request(1, {4}, 40);
  request.presencePenalty = 1.5;
  request.frequencyPenalty = 1.5;
  scheduler.add(1, std::move(request));
  runAll(scheduler);
  std::map<int32_t, int> count;
  for (int32_t token : seen.tokens[1])
    EXPECT_LE(++count[token], 2); // 40 of 31 tokens
  EXPECT_GE(count.size(), 20u);
  Ids plain = expected({4}, 40);
  EXPECT_NE(seen.tokens[1], plain);
}

TEST(Scheduler, BiasesForbidAndForce) {
  Seen seen;
  PretendedModel model;
  Scheduler scheduler(model.forward(), {});
  const int32_t likely = expected({4}, 1)[0];
  for (double bias : {-100., 100.}) {
    Request request = seen.request(bias < 0 ? 1 : 2, {4}, 1);
    request.biases = {{bias < 0 ? likely : (likely + 1) % 31, bias}};
    scheduler.add(bias < 0 ? 1 : 2, std::move(request));
  }
  runAll(scheduler);
  EXPECT_NE(seen.tokens[1][0], likely);
  EXPECT_EQ(seen.tokens[2][0], (likely + 1) % 31);
}

TEST(Scheduler, LosesNothingOfMany) {
  Seen seen;
  PretendedModel model;
  Scheduler scheduler(model.forward(),
                      {.width = 5, .piece = 6, .largePiece = 20, .kept = 3});
  std::mt19937 random(1);
  auto below = [&](uint32_t most) { return random() % most; };
  std::map<uint64_t, std::pair<Ids, int64_t>> given;
  uint64_t added = 0, failed = 0, cancelled = 0;
  for (int round = 0; round < 20000; ++round) {
    if (below(100) < 40 && scheduler.waiting() < 20) {
      Ids prompt = someIds(1 + below(95), static_cast<int32_t>(below(4)));
      auto count = static_cast<int64_t>(below(20));
      given[added] = {prompt, count};
      scheduler.add(added, seen.request(added, prompt, count));
      ++added;
    }
    if (below(100) < 3 && added > 0)
      scheduler.cancel(added - 1 - below(std::min<uint32_t>(added, 20)));
    if (below(1000) < 2)
      PretendedModel::failAfter(0);
    scheduler.step();
  }
  PretendedModel::failAfter(-1);
  runAll(scheduler);
  ASSERT_EQ(seen.endings.size(), added);
  for (const auto &[id, what] : given) {
    Ids all = expected(what.first, what.second);
    Ids got = seen.tokens[id];
    if (seen.endings[id].reason == EndReason::TokenLimit) {
      EXPECT_EQ(got, all) << id;
      continue;
    }
    (seen.endings[id].reason == EndReason::Failed ? failed : cancelled) += 1;
    ASSERT_LE(got.size(), all.size());
    all.resize(got.size());
    EXPECT_EQ(got, all) << id;
  }
  EXPECT_GT(added, 3000u);
  EXPECT_GT(failed, 20u);
  EXPECT_GT(cancelled, 100u);
}

} // namespace
