//===- dispatcher.cpp - Which of several programs computes a step -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "run/dispatcher.h"
#include "run/times.h"
#include "support/error.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace gpt2 {
namespace {

/// Steps of each program until one is judged.
constexpr size_t trialSteps = 9;
/// One in so many steps stays the general program's, to be compared with.
constexpr uint64_t comparedSteps = 64;
/// What is not quicker by this share is not worth a program.
constexpr double leastGain = 0.02;

} // namespace

struct Dispatcher::Program {
  Program(int64_t tokens, Executable executable, std::string name, double now)
      : tokens(tokens), executable(std::move(executable)),
        name(std::move(name)), since(now) {}

  const int64_t tokens;
  Executable executable;
  const std::string name;
  // The thread that computes writes these, with the lock.
  State state = State::Trial;
  double since;
  std::string why;
  bool isChecked = false; ///< its logits were right
  uint64_t steps = 0;     ///< of both since it came
  uint64_t computed = 0;  ///< of them its own
  Window own, general;
};

const char *nameOf(Dispatcher::State state) {
  switch (state) {
  case Dispatcher::State::Trial:
    return "trial";
  case Dispatcher::State::Serving:
    return "serving";
  case Dispatcher::State::Dropped:
    break;
  }
  return "dropped";
}

void Dispatcher::Window::add(double value) {
  values[next] = value;
  next = (next + 1) % values.size();
  count = std::min(count + 1, values.size());
}

double Dispatcher::Window::median() const {
  if (count == 0)
    return 0;
  std::vector<double> sorted(values.begin(),
                             values.begin() + static_cast<ptrdiff_t>(count));
  auto middle = sorted.begin() + static_cast<ptrdiff_t>(count / 2);
  std::nth_element(sorted.begin(), middle, sorted.end());
  return *middle;
}

Dispatcher::Dispatcher(Executable &general, double tolerance,
                       std::function<double()> clock)
    : general(general), tolerance(tolerance), clock(std::move(clock)) {}

double Dispatcher::steadySeconds() {
  static const Stopwatch watch;
  return watch.seconds();
}

Dispatcher::~Dispatcher() = default;

void Dispatcher::offer(int64_t tokens, Executable program, std::string name,
                       size_t arguments) {
  if (tokens < 1 || tokens > largestStep)
    fail("a program for steps of ", tokens, " tokens; expected 1 to ",
         largestStep);
  bool isAlike = program.matrixType() == general.matrixType() &&
                 program.cacheType() == general.cacheType();
  for (size_t i = 0; i < arguments && isAlike; ++i)
    isAlike = program.layoutOf(i) == general.layoutOf(i);
  if (!isAlike)
    fail("the program for steps of ", tokens,
         " tokens wants the weights in another order than the general one");
  std::lock_guard lock(mutex);
  all.push_back(std::make_unique<Program>(tokens, std::move(program),
                                          std::move(name), clock()));
  byTokens[static_cast<size_t>(tokens)].store(all.back().get(),
                                              std::memory_order_release);
}

void Dispatcher::call(const Step &step) {
  bool isOfOneSize = step.tokens <= largestStep && step.rows == step.tokens;
  Program *program = isOfOneSize
                         ? byTokens[static_cast<size_t>(step.tokens)].load(
                               std::memory_order_acquire)
                         : nullptr;
  if (!program || program->state == State::Dropped ||
      !program->executable.has(step.entry))
    return generally(step);
  bool isTrial = program->state == State::Trial;
  if (disturbed)
    return isTrial ? generally(step) : timed(*program, step);
  uint64_t number = program->steps++;
  if (!program->isChecked)
    return computeBoth(*program, step);
  bool isGeneral = isTrial ? number % 2 == 0 : number % comparedSteps == 0;
  if (!isGeneral)
    return timed(*program, step);
  double start = clock();
  generally(step);
  std::lock_guard lock(mutex);
  program->general.add(clock() - start);
  judge(*program);
}

void Dispatcher::generally(const Step &step) {
  double start = clock();
  general.call(step.entry, step.arguments);
  if (step.tokens > largestStep || step.rows != step.tokens || disturbed)
    return;
  std::lock_guard lock(mutex);
  generalTimes[static_cast<size_t>(step.tokens)].add(clock() - start);
}

/// A step by `program`; if it fails, by the general one.
void Dispatcher::timed(Program &program, const Step &step) {
  double start = clock();
  try {
    program.executable.call(step.entry, step.arguments);
  } catch (const Error &error) {
    {
      std::lock_guard lock(mutex);
      enter(program, State::Dropped, std::string("it failed: ") + error.what());
    }
    return generally(step);
  }
  std::lock_guard lock(mutex);
  ++program.computed;
  if (disturbed)
    return;
  program.own.add(clock() - start);
  judge(program);
}

/// The step at hand by `program`, to see what it computes, and then by the
/// general one.
void Dispatcher::computeBoth(Program &program, const Step &step) {
  std::string problem;
  auto read = [&](Executable &from) {
    std::vector<float> values(step.logits.bytes() / sizeof(float));
    from.device().copy(values.data(), step.logits.data(), step.logits.bytes());
    return values;
  };
  std::vector<float> its;
  try {
    program.executable.call(step.entry, step.arguments);
    its = read(program.executable);
  } catch (const Error &error) {
    problem = std::string("it failed: ") + error.what();
  }
  generally(step);
  if (problem.empty()) {
    std::vector<float> expected = read(general);
    double largest = 0, difference = 0;
    for (size_t i = 0; i < expected.size(); ++i) {
      largest = std::max(largest, std::abs(double{expected[i]}));
      double one = std::abs(double{its[i]} - expected[i]);
      difference = one <= difference ? difference : one; // and keeps a NaN
    }
    if (!(difference <= tolerance * largest))
      problem = "its logits differ by " + std::to_string(difference);
  }
  std::lock_guard lock(mutex);
  if (!problem.empty())
    return enter(program, State::Dropped, problem);
  program.isChecked = true;
}

/// With the lock.
void Dispatcher::judge(Program &program) {
  if (program.own.size() < trialSteps || program.general.size() < trialSteps)
    return;
  double own = program.own.median(), general = program.general.median();
  if (own <= (1 - leastGain) * general) {
    enter(program, State::Serving);
  } else if (program.state == State::Trial || own > general) {
    enter(program, State::Dropped, "it is not quicker");
  }
}

/// With the lock.
void Dispatcher::enter(Program &program, State state, const std::string &why) {
  if (program.state == state)
    return;
  program.state = state;
  program.since = clock();
  program.why = why;
}

std::vector<Dispatcher::Row> Dispatcher::table() const {
  std::lock_guard lock(mutex);
  std::vector<Row> rows;
  for (const auto &program : all) {
    if (byTokens[static_cast<size_t>(program->tokens)] != program.get())
      continue; // it was replaced
    rows.push_back({program->tokens, program->name, program->state,
                    program->why, program->computed, program->own.median(),
                    program->general.median(), clock() - program->since});
  }
  std::ranges::sort(rows, {}, &Row::tokens);
  return rows;
}

double Dispatcher::generalSeconds(int64_t tokens) const {
  std::lock_guard lock(mutex);
  return tokens >= 1 && tokens <= largestStep
             ? generalTimes[static_cast<size_t>(tokens)].median()
             : 0;
}

} // namespace gpt2
