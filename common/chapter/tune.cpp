//===- tune.cpp - Better numbers for a schedule, on this machine --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "chapter/tune.h"
#include "chapter/model.h"
#include "compiler/codegen/codegen.h"
#include "compiler/codegen/object_cache.h"
#include "compiler/schedule/tuning.h"
#include "device/host_device.h"
#include "run/run.h"
#include "run/sequence.h"
#include "support/error.h"
#include "support/files.h"
#include "support/json_file.h"
#include "support/output.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/FormatVariadic.h"

#include <cerrno>
#include <cmath>
#include <cstring>
#include <iostream>

#include <unistd.h>

using nlohmann::json;

namespace gpt2 {
namespace {

constexpr int64_t promptTokens = 64, furtherTokens = 8;

std::string textOf(const Numbers &numbers) {
  std::string text;
  for (const auto &[name, number] : numbers)
    text += (text.empty() ? "" : ", ") + name + " " + std::to_string(number);
  return text;
}

/// How far `actual` is from `expected`, as a share of the latter's length.
double distance(std::span<const float> actual,
                std::span<const float> expected) {
  double difference = 0, length = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    difference += std::pow(double{actual[i]} - expected[i], 2);
    length += std::pow(double{expected[i]}, 2);
  }
  return std::sqrt(difference / length);
}

/// A program with its weights.
struct Running {
  Running(const Build &build, const Checkpoint &checkpoint)
      : model(compileRequest(build), checkpoint) {}

  Model model;
  /// Of the fastest prompt and token so far: whatever disturbs one makes it
  /// slower.
  double prompt = INFINITY, token = INFINITY;

  /// Takes a prompt, and tokens behind it.
  void measure(std::span<const int32_t> tokens) {
    Sequence sequence(model.forward());
    Stopwatch ofPrompt;
    int32_t next = sequence.extendAndChoose(tokens);
    prompt = std::min(prompt, ofPrompt.seconds());
    for (int64_t i = 0; i < furtherTokens; ++i) {
      Stopwatch ofToken;
      next = sequence.extendAndChoose({&next, 1});
      token = std::min(token, ofToken.seconds());
    }
  }

  std::vector<float> logits(std::span<const int32_t> tokens) {
    std::vector<float> logits(
        static_cast<size_t>(model.forward().config().vocab));
    Sequence(model.forward()).extend(tokens, logits);
    return logits;
  }
};

/// Measures a model's program with one schedule after another, each beside that
/// with the schedule's own numbers.
class Bench {
public:
  Bench(const TuneRequest &request, const Checkpoint &checkpoint)
      : request(request), checkpoint(checkpoint),
        own(request.build, checkpoint) {
    const Config &config = checkpoint.config();
    int64_t count = std::min(promptTokens, config.context - furtherTokens);
    if (count < 1)
      fail("--tune: the model's context of ", config.context,
           " tokens is too short to measure with");
    for (int64_t i = 0; i < count; ++i)
      tokens.push_back(static_cast<int32_t>(i * 7919 % config.vocab));
    expected = own.logits(tokens);
  }

  Trial operator()(const Numbers &numbers) {
    Trial trial{numbers, 0, 0, 0, 0, ""};
    try {
      measure(trial);
    } catch (const Error &error) {
      trial.problem = llvm::StringRef(error.what()).split('\n').first.str();
    }
    std::cerr << textOf(numbers) << ": "
              << (trial.problem.empty()
                      ? llvm::formatv("prompt {0:f2} ms, its own {1:f2}; token "
                                      "{2:f2} ms, its own {3:f2}\n",
                                      1e3 * trial.prompt, 1e3 * trial.ownPrompt,
                                      1e3 * trial.token, 1e3 * trial.ownToken)
                            .str()
                      : trial.problem + "\n");
    return trial;
  }

private:
  void measure(Trial &trial) {
    Build build = request.build;
    std::string text =
        withNumbers(build.scheduleFiles().front(), trial.numbers);
    // Of its own name: others may tune at the same time.
    llvm::SmallString<128> file;
    if (std::error_code error =
            llvm::sys::fs::createTemporaryFile("schedule", "mlir", file))
      fail("--tune: cannot keep a schedule to measure: ", error.message());
    llvm::FileRemover remover(file);
    writeFile(file.str().str(), {text});
    build.schedule = file.str().str();
    Running other(build, checkpoint);
    // Other orders of the same sums: in f32 that is a rounding or two; where
    // sums are rounded to eight bits on their way, more.
    double most = build.formats.weights == ElementType::F32 ? 1e-4 : 2e-2;
    if (double off = distance(other.logits(tokens), expected); !(off <= most)) {
      trial.problem =
          llvm::formatv("wrong: logits differ by {0:e2}", off).str();
      return;
    }
    own.prompt = own.token = INFINITY;
    Stopwatch total;
    for (int run = 0; run < 3 || (run < 20 && total.seconds() < 1); ++run) {
      own.measure(tokens);
      other.measure(tokens);
    }
    trial.prompt = other.prompt;
    trial.token = other.token;
    trial.ownPrompt = own.prompt;
    trial.ownToken = own.token;
  }

  const TuneRequest &request;
  const Checkpoint &checkpoint;
  Running own;
  std::vector<int32_t> tokens;
  std::vector<float> expected;
};

json toJson(const TuneRequest &request, const Config &config,
            const Search &search) {
  json trials = json::array();
  for (const Trial &trial : search.trials) {
    json numbers = json::object();
    for (const auto &[name, number] : trial.numbers)
      numbers[name] = number;
    json entry = {{"numbers", std::move(numbers)}};
    if (trial.problem.empty()) {
      entry["prompt"] = trial.prompt;
      entry["token"] = trial.token;
      entry["own_prompt"] = trial.ownPrompt;
      entry["own_token"] = trial.ownToken;
    } else {
      entry["problem"] = trial.problem;
    }
    trials.push_back(std::move(entry));
  }
  const Build &build = request.build;
  return {{"chapter", build.chapter->name},
          {"schedule", build.scheduleFiles().front().stem().string()},
          {"cpu", hostCpu().name},
          {"weights", std::string(nameOf(build.formats.weights))},
          {"kv", std::string(nameOf(build.formats.cache))},
          {"threads", request.threads},
          {"parameters", config.parameters()},
          {"prompt_tokens", promptTokens},
          {"complete", search.isComplete},
          {"best", static_cast<int64_t>(search.best)},
          {"trials", std::move(trials)}};
}

/// Measures the best again: what was luck does not come twice.
void confirm(Search &search, Bench &bench) {
  if (search.best == 0)
    return;
  std::cerr << "once more:\n";
  Trial again = bench(search.trials[search.best].numbers);
  if (again.isBetterThan(search.trials[0]))
    search.trials[search.best] = again;
  else
    search.best = 0;
}

} // namespace

void tune(const TuneRequest &request, const Checkpoint &checkpoint) {
  std::filesystem::path schedule = request.build.scheduleFiles().front();
  std::vector<Knob> knobs = tunableKnobs(schedule);
  if (knobs.empty())
    fail(schedule.string(), ": no number to tune: give a knob several options, "
                            "%rows = transform.tune.knob<\"rows\"> = 8 from "
                            "options = [4, 8, 12] -> !number");
  std::filesystem::path kept =
      tunedPath(request.build, request.threads, request.cacheDirectory);
  std::error_code error;
  std::filesystem::create_directories(kept.parent_path(), error);
  if (error || access(kept.parent_path().c_str(), W_OK | X_OK) != 0)
    fail("--tune: ", kept.parent_path().string(),
         ", where it keeps what it "
         "finds, cannot be written: ",
         error ? error.message() : std::strerror(errno),
         "; give --cache-dir DIR");
  Bench bench(request, checkpoint);
  Stopwatch watch;
  Search search = searchNumbers(
      knobs, [&](const Numbers &numbers) { return bench(numbers); },
      [&] { return watch.seconds() < request.seconds; });
  confirm(search, bench);
  writeJson(request.seen, toJson(request, checkpoint.config(), search));
  if (search.best == 0) {
    std::error_code ignored;
    std::filesystem::remove(kept, ignored);
  } else {
    writeFile(kept,
              {withNumbers(schedule, search.trials[search.best].numbers)});
  }

  const Trial &own = search.trials[0], &best = search.trials[search.best];
  std::string text =
      llvm::formatv("tried {0} of {1}'s, {2}; {3} has them all\n",
                    search.trials.size(), schedule.filename().string(),
                    search.isComplete ? "until no change made it better"
                                      : "until the time was up",
                    request.seen.string());
  if (search.best == 0)
    text += "the best are its own: " + textOf(own.numbers) + "\n";
  else
    text += "the best: " + textOf(best.numbers) +
            llvm::formatv("\nprompt {0:f2}, token {1:f2} times as long as "
                          "with its own: {2}\n{3}{4}\n",
                          best.prompt / best.ownPrompt,
                          best.token / best.ownToken, textOf(own.numbers),
                          request.build.schedule.empty()
                              ? "kept for later runs: "
                              : "kept; later runs take it with --schedule=",
                          kept.string())
                .str();
  print(text);
}

std::filesystem::path tunedPath(const Build &build, int threads,
                                const std::filesystem::path &cacheDirectory) {
  std::string inputs, model;
  std::filesystem::path schedule = build.scheduleFiles().front();
  for (const std::filesystem::path &file : build.scheduleFiles())
    inputs += readFile(file) + '\0';
  for (const auto &[letter, size] : build.sizes)
    model += letter + std::to_string(size);
  std::string formats = std::string(nameOf(build.formats.weights)) + "-" +
                        std::string(nameOf(build.formats.cache));
  std::string key = ObjectCache::keyOf(
      {inputs, model, build.target.cpu.value_or(hostCpu().name), formats});
  return cacheDirectory / "tuned" /
         llvm::formatv("{0}-{1}-{2}-{3}-threads-{4}.mlir", build.chapter->name,
                       schedule.stem().string(),
                       llvm::StringRef(formats).lower(), threads,
                       key.substr(0, 16))
             .str();
}

std::optional<std::filesystem::path>
tunedSchedule(const Build &build, int threads,
              const std::filesystem::path &cacheDirectory) {
  if (build.chapter->schedules.empty() || build.chapter->hasKernels())
    return std::nullopt;
  std::filesystem::path path = tunedPath(build, threads, cacheDirectory);
  std::error_code error; // a folder may not be for us to search
  if (!std::filesystem::exists(path, error))
    return std::nullopt;
  try {
    (void)readFile(path);
  } catch (const Error &error) {
    std::cerr << "warning: going on without what --tune kept: " << error.what()
              << "\n";
    return std::nullopt;
  }
  return path;
}

} // namespace gpt2
