//===- tuning.h - The numbers of a schedule, and a search for better ones ===//
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace gpt2 {

/// A schedule's numbers by their names.
using Numbers = std::map<std::string, int64_t>;

/// A number that may be another:
///   %rows = transform.param.constant 8 : i64 -> !number // or 4, 6, 12
struct Parameter {
  std::string name;
  int64_t number;
  std::vector<int64_t> others;
};

/// Those of `schedule`, in their order. Throws an Error if a line says "// or"
/// and no numbers above 0 follow.
std::vector<Parameter> parametersOf(const std::filesystem::path &schedule);

/// The text of `schedule` with `numbers` in place of its own. Throws an Error
/// if it has no line for one of them.
std::string withNumbers(const std::filesystem::path &schedule,
                        const Numbers &numbers);

/// What a schedule with `numbers` took, or why it cannot be used. What else the
/// machine does changes what a minute is worth, so its own numbers are measured
/// again beside each trial.
struct Trial {
  Numbers numbers;
  double prompt = 0, token = 0;       ///< seconds
  double ownPrompt = 0, ownToken = 0; ///< with the schedule's own numbers
  std::string problem;

  /// The shares of both, as one number: their geometric mean.
  double cost() const;
  /// Whether it took less by more than two measurements of one and the same
  /// differ.
  bool isBetterThan(const Trial &other) const;
};

struct Search {
  std::vector<Trial> trials; ///< the first is of the schedule's own numbers
  size_t best = 0;           ///< of these
  bool isComplete = false;   ///< no single change makes the best better
};

/// Changes one number at a time to each other that it may be, keeps what is
/// better, and goes on from there until nothing is, or `hasTime` says no.
/// Nothing is measured twice. The first trial is measured whatever the time;
/// its problem, if it has one, is thrown as an Error.
Search searchNumbers(const std::vector<Parameter> &parameters,
                     const std::function<Trial(const Numbers &)> &measure,
                     const std::function<bool()> &hasTime);

} // namespace gpt2
