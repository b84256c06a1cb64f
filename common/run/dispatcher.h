//===- dispatcher.h - Which of several programs computes a step ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Programs that compute the same, of which one, the general one, takes steps of
// any size, and others are compiled for steps of one size while it runs. One
// that is new has to prove itself first: it computes the step at hand once
// more, and its logits must be those of the general program; then both take
// turns, and it must be quicker. One that fails, once it serves or before, is
// dropped, and the general program computes the step.
//
// Steps are of one size only if all their tokens want logits, which are a good
// part of the work: pieces of prompts are the general program's.
//
// A table leads from the size to the program: an array of pointers, which the
// thread that computes reads without a lock, and others replace.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "device/executable.h"

#include <array>
#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

namespace gpt2 {

class Dispatcher {
public:
  /// Steps of more tokens than this are the general program's.
  static constexpr int64_t largestStep = 256;

  /// Logits of a program may differ by `tolerance` times the largest. Keeps a
  /// reference to `general`. `clock` tells seconds.
  Dispatcher(Executable &general, double tolerance,
             std::function<double()> clock = steadySeconds);
  ~Dispatcher();

  /// A step to compute: what to call, and what of it the dispatcher knows.
  struct Step {
    const char *entry;
    int64_t tokens, rows; ///< of tokens, and of logits
    const MemRef &logits; ///< on the device, f32
    const std::vector<MemRef> &arguments;
  };
  /// Has one of the programs compute it. For one thread.
  void call(const Step &step);

  /// Offers a program for steps of `tokens` tokens, in the place of one that is
  /// there. From any thread. Throws an Error if it does not take weights as the
  /// general program does: `arguments` of them.
  void offer(int64_t tokens, Executable program, std::string name,
             size_t arguments);

  /// Whether something else keeps the machine busy: then nothing is measured,
  /// and trials wait. From any thread.
  void setDisturbed(bool isDisturbed) { disturbed = isDisturbed; }

  enum class State { Trial, Serving, Dropped };
  /// A row of the table, for people.
  struct Row {
    int64_t tokens;
    std::string program;
    State state;
    std::string why;         ///< it was dropped
    uint64_t steps;          ///< it computed
    double seconds, general; ///< medians of a step; 0 if not known
    double age;              ///< seconds for which it has been in this state
  };
  std::vector<Row> table() const;

  /// Median seconds of the general program for steps of `tokens` tokens,
  /// lately; 0 if there were none.
  double generalSeconds(int64_t tokens) const;

private:
  /// The last so many of a number.
  class Window {
  public:
    void add(double value);
    double median() const;
    size_t size() const { return count; }

  private:
    std::array<double, 15> values{};
    size_t count = 0, next = 0;
  };
  struct Program;

  void computeBoth(Program &program, const Step &step);
  void timed(Program &program, const Step &step);
  void generally(const Step &step);
  void judge(Program &program);
  void enter(Program &program, State state, const std::string &why = "");

  static double steadySeconds();

  Executable &general;
  const double tolerance;
  const std::function<double()> clock;
  std::array<std::atomic<Program *>, largestStep + 1> byTokens{};
  std::atomic<bool> disturbed = false;

  mutable std::mutex mutex; ///< of what follows, for people
  std::array<Window, largestStep + 1> generalTimes;
  std::vector<std::unique_ptr<Program>> all; ///< replaced ones, too
};

/// "trial", "serving", "dropped".
const char *nameOf(Dispatcher::State state);

} // namespace gpt2
