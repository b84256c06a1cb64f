//===- tuning.cpp - The numbers of a schedule, and a search for better ones ==//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/schedule/tuning.h"
#include "support/error.h"
#include "support/files.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

#include <cmath>

namespace gpt2 {
namespace {

/// Puts `number` where the knob's line has the selected one.
void select(std::string &line, const Knob &knob, int64_t number,
            const std::filesystem::path &schedule) {
  std::string before = "<\"" + knob.name + "\"> = ";
  std::string old = before + std::to_string(knob.selected) + " ";
  size_t at = line.find(old);
  if (at == std::string::npos)
    fail(schedule.string(), ":", knob.line, ": expected ", old,
         "from options = [...] on one line");
  line.replace(at, old.size(), before + std::to_string(number) + " ");
}

} // namespace

std::string withNumbers(const std::filesystem::path &schedule,
                        const Numbers &numbers) {
  std::shared_ptr<const ScheduleText> parsed = parseSchedule(schedule);
  std::string text = readFile(schedule);
  llvm::SmallVector<llvm::StringRef> lines;
  llvm::StringRef(text).split(lines, '\n');
  std::vector<std::string> changed(lines.begin(), lines.end());
  for (const auto &[name, number] : numbers) {
    const Knob *knob = parsed->knob(name);
    if (!knob)
      fail(schedule.string(), ": no knob \"", name, "\"");
    select(changed[knob->line - 1], *knob, number, schedule);
  }
  return llvm::join(changed, "\n");
}

std::vector<Knob> tunableKnobs(const std::filesystem::path &schedule) {
  std::vector<Knob> knobs = parseSchedule(schedule)->knobs;
  llvm::erase_if(knobs,
                 [](const Knob &knob) { return knob.options.size() < 2; });
  return knobs;
}

double Trial::cost() const {
  return std::sqrt(prompt / ownPrompt * (token / ownToken));
}

bool Trial::isBetterThan(const Trial &other) const {
  constexpr double noise = 0.02;
  return problem.empty() &&
         (!other.problem.empty() || cost() < (1 - noise) * other.cost());
}

Search searchNumbers(const std::vector<Knob> &knobs,
                     const std::function<Trial(const Numbers &)> &measure,
                     const std::function<bool()> &hasTime) {
  Numbers own;
  for (const Knob &knob : knobs)
    own[knob.name] = knob.selected;
  Search search;
  search.trials.push_back(measure(own));
  if (!search.trials[0].problem.empty())
    fail(search.trials[0].problem);
  auto wasTried = [&](const Numbers &numbers) {
    return llvm::any_of(search.trials, [&](const Trial &trial) {
      return trial.numbers == numbers;
    });
  };
  for (bool improved = true; improved;) {
    improved = false;
    for (const Knob &knob : knobs) {
      for (int64_t option : knob.options) {
        Numbers numbers = search.trials[search.best].numbers;
        numbers[knob.name] = option;
        if (wasTried(numbers))
          continue;
        if (!hasTime())
          return search;
        search.trials.push_back(measure(numbers));
        if (search.trials.back().isBetterThan(search.trials[search.best])) {
          search.best = search.trials.size() - 1;
          improved = true;
        }
      }
    }
  }
  search.isComplete = true;
  return search;
}

} // namespace gpt2
