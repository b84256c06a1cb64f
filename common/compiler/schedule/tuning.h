//===- tuning.h - The numbers of a schedule, and a search for better ones ===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "compiler/schedule/schedule_text.h"

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace gpt2 {

/// A schedule's numbers by their names.
using Numbers = std::map<std::string, int64_t>;

/// The knobs of `schedule` that have several options, in their order.
std::vector<Knob> tunableKnobs(const std::filesystem::path &schedule);

/// The text of `schedule` with `numbers` selected in place of its own. Throws
/// an Error if it has no knob for one of them.
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

/// Changes one number at a time to each of its options, keeps what is
/// better, and goes on from there until nothing is, or `hasTime` says no.
/// Nothing is measured twice. The first trial is measured whatever the time;
/// its problem, if it has one, is thrown as an Error.
Search searchNumbers(const std::vector<Knob> &knobs,
                     const std::function<Trial(const Numbers &)> &measure,
                     const std::function<bool()> &hasTime);

} // namespace gpt2
