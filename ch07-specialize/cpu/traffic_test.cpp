//===- traffic_test.cpp - A hundred thousand requests, no one wrong -----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Requests of random shapes, of which some are cancelled, while programs are
// compiled for steps of random sizes, come into use, are replaced and fail.
//
//===----------------------------------------------------------------------===//
#include "chapter/build.h"
#include "chapter/conformance/tested.h"
#include "chapter/specializer.h"
#include "compiler/compile.h"
#include "serve/engine.h"
#include "support/error.h"
#include "testing/test_models.h"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <atomic>
#include <fstream>
#include <random>

#include <unistd.h>

using namespace gpt2;
using namespace gpt2::testing;

namespace {

using Ids = std::vector<int32_t>;

const Config config = makeConfig(2, 2, 32, 64, 97);
constexpr size_t most = 64; ///< positions

/// Texts that begin with some ids, and go on with what `program` finds most
/// likely to their end or that of the context: so the answer to any request for
/// a part of one is known.
std::vector<Ids> textsOf(Executable &program, size_t count, size_t given) {
  Weights weights = randomWeights(config);
  Forward forward(program, weights);
  std::mt19937 random(1);
  std::vector<Ids> texts;
  for (size_t i = 0; i < count; ++i) {
    Ids &text = texts.emplace_back(given);
    for (int32_t &id : text)
      id = static_cast<int32_t>(random() % static_cast<uint32_t>(config.vocab));
    Sequence sequence(forward);
    for (std::span<const int32_t> news = text; text.size() <= most;
         news = std::span(text).last(1)) {
      int32_t id = sequence.extendAndChoose(news);
      if (config.endsText(id))
        break;
      text.push_back(id);
    }
  }
  return texts;
}

/// Resident memory of this process, in MiB.
double residentMiB() {
  std::ifstream file("/proc/self/statm");
  double all = 0, resident = 0;
  file >> all >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE)) / (1 << 20);
}

/// What clients ask of an engine, each answer beside what it has to be.
class Clients {
public:
  Clients(Engine &engine, const std::vector<Ids> &texts, size_t given)
      : engine(engine), texts(texts), given(given) {}

  /// One request, as soon as there is room; one in ten is cancelled on its way.
  void ask() {
    const Ids &text = texts[random() % texts.size()];
    size_t longest = std::min(most, text.size());
    size_t length = given + random() % (longest - given + 1);
    size_t count = 1 + random() % 12;
    auto made = std::make_shared<size_t>(0);
    auto request = [&] {
      Request request;
      request.prompt = {text.begin(),
                        text.begin() + static_cast<ptrdiff_t>(length)};
      request.maxNewTokens = static_cast<int64_t>(count);
      request.sampler.temperature = 0;
      request.onToken = [this, &text, length, made](const ScoredToken &token) {
        if (token.id != text[length + (*made)++])
          isWrong = true;
        return true;
      };
      request.onEnd = [this, &text, length, count, made](const Ending &ending) {
        size_t left = text.size() - length,
               wanted = std::min({count, left, most + 1 - length});
        bool isEnd = wanted == left && text.size() <= most && left < count;
        bool isWhole =
            *made == wanted && ending.reason == (isEnd ? EndReason::EndOfText
                                                       : EndReason::TokenLimit);
        if (!isWhole && ending.reason != EndReason::Cancelled)
          isWrong = true;
        ++(isWhole ? whole : cancelled);
      };
      return request;
    };
    std::optional<Scheduler::Id> id;
    while (!(id = engine.submit(request())))
      std::this_thread::sleep_for(std::chrono::microseconds(200));
    if (random() % 10 == 0)
      engine.cancel(*id);
  }

  std::atomic<bool> isWrong = false;
  std::atomic<size_t> whole = 0, cancelled = 0;

private:
  Engine &engine;
  const std::vector<Ids> &texts;
  const size_t given;
  std::mt19937 random{2};
};

TEST(Traffic, IsAnsweredWhateverBecomesOfPrograms) {
  constexpr size_t requests = 100000, given = 4;
  Chapter hasty = tested().chapter;
  std::mt19937 random(3); // of the thread that compiles
  std::atomic<bool> compiles = true;
  std::atomic<int> failed = 0;
  hasty.policy = [&](const Observations &) -> std::optional<int64_t> {
    return compiles ? std::optional<int64_t>(1 + random() % 9) : std::nullopt;
  };
  Build general(tested().chapter, config), build(hasty, config);
  hasty.pipeline = [&](const PipelineOptions &options) {
    if (options.stepTokens && random() % 4 == 0) {
      ++failed;
      fail("it was to fail");
    }
    return tested().chapter.pipeline(options);
  };
  Executable program = compileAndLoad(compileRequest(general)).program;
  const std::vector<Ids> texts = textsOf(program, 40, given);

  Weights weights = randomWeights(config);
  Forward forward(program, weights);
  Dispatcher dispatcher(program, 1e-5);
  forward.dispatchBy(dispatcher);
  Specializer specializer(build, std::nullopt, dispatcher,
                          forward.argumentCount(), /*compileSeconds=*/0,
                          /*pauseSeconds=*/0.01);
  EngineOptions options;
  options.width = 8;
  options.onStep = [&](const StepShape &shape) {
    if (shape.promptTokens == 0)
      specializer.sawStep(shape.texts);
  };
  Metrics metrics;
  Engine engine(forward, options, metrics, 1);
  Clients clients(engine, texts, given);
  size_t asked = 0;
  auto ask = [&](size_t count) {
    for (size_t i = 0; i < count; ++i, ++asked)
      clients.ask();
  };
  auto steps = [&] {
    uint64_t sum = 0;
    for (const Dispatcher::Row &row : dispatcher.table())
      sum += row.steps;
    return sum;
  };
  Stopwatch watch; // of a machine that may have others to serve first
  auto askUntil = [&](auto &&isEnough) {
    while (!isEnough() && watch.seconds() < 450) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      ask(1 + asked % 9);
    }
  };
  ask(requests / 2);
  askUntil([&] { return dispatcher.table().size() >= 2 && failed > 0; });
  compiles = false; // which disturbs what programs are judged by
  askUntil([&] { return !specializer.isCompiling(); });
  ask(requests / 4);
  askUntil([&] { return steps() > 0; });
  double before = residentMiB();
  ask(requests / 4);
  engine.drain(60);
  EXPECT_LT(residentMiB() - before, 8);

  EXPECT_FALSE(clients.isWrong);
  EXPECT_EQ(clients.whole + clients.cancelled, asked);
  EXPECT_GT(clients.whole, asked * 3 / 4);
  EXPECT_GT(failed, 0);
  for (const Dispatcher::Row &row : dispatcher.table())
    EXPECT_THAT(row.why, ::testing::AnyOf("", "it is not quicker"));
  EXPECT_GT(steps(), 0u);
  std::string table = toJson(specializer.table()).dump();
  EXPECT_THAT(table, ::testing::HasSubstr("failed: it was to fail"));
  EXPECT_THAT(toPrometheus(specializer.table()),
              ::testing::HasSubstr("state=\"failed\"} 1\n"));
}

} // namespace
