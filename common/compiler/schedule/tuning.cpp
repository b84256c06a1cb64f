//===- tuning.cpp - The numbers of a schedule, and a search for better ones ==//
#include "compiler/schedule/tuning.h"
#include "support/error.h"
#include "support/files.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Regex.h"

#include <cmath>

namespace gpt2 {
namespace {

/// A line's groups: up to the number, the name, the number, what is behind it,
/// and what follows "// or", if anything does.
llvm::SmallVector<llvm::StringRef> numberOfLine(llvm::StringRef line) {
  llvm::SmallVector<llvm::StringRef> groups;
  llvm::Regex("^( *%([A-Za-z_0-9]+) = transform\\.param\\.constant )([0-9]+)"
              "( : [^/]*)(// or *(.*))?$")
      .match(line, &groups);
  return groups;
}

} // namespace

std::vector<Parameter> parametersOf(const std::filesystem::path &schedule) {
  std::vector<Parameter> parameters;
  std::string text = readFile(schedule);
  for (llvm::StringRef line : llvm::split(text, '\n')) {
    auto groups = numberOfLine(line);
    if (groups.empty() || groups[5].empty())
      continue;
    Parameter parameter{groups[2].str(), 0, {}};
    bool isWrong = groups[3].getAsInteger(10, parameter.number);
    for (llvm::StringRef other : llvm::split(groups[6], ',')) {
      int64_t number = 0;
      isWrong |= other.trim().getAsInteger(10, number) || number < 1;
      parameter.others.push_back(number);
    }
    if (isWrong)
      fail(schedule.string(), ": %", parameter.name, " = ", groups[3].str(),
           " ", groups[5].str(),
           ": expected numbers above 0, with commas between");
    parameters.push_back(std::move(parameter));
  }
  return parameters;
}

std::string withNumbers(const std::filesystem::path &schedule,
                        const Numbers &numbers) {
  Numbers missing = numbers;
  std::string text = readFile(schedule), result;
  for (llvm::StringRef line :
       llvm::split(llvm::StringRef(text).rtrim(), '\n')) {
    auto groups = numberOfLine(line);
    auto found = groups.empty() ? numbers.end() : numbers.find(groups[2].str());
    if (found == numbers.end()) {
      result += line.str() + "\n";
      continue;
    }
    result += groups[1].str() + std::to_string(found->second) +
              groups[4].str() + groups[5].str() + "\n";
    missing.erase(found->first);
  }
  if (!missing.empty())
    fail(schedule.string(), ": no line %", missing.begin()->first,
         " = transform.param.constant N");
  return result;
}

double Trial::cost() const {
  return std::sqrt(prompt / ownPrompt * (token / ownToken));
}

bool Trial::isBetterThan(const Trial &other) const {
  constexpr double noise = 0.02;
  return problem.empty() &&
         (!other.problem.empty() || cost() < (1 - noise) * other.cost());
}

Search searchNumbers(const std::vector<Parameter> &parameters,
                     const std::function<Trial(const Numbers &)> &measure,
                     const std::function<bool()> &hasTime) {
  Numbers own;
  for (const Parameter &parameter : parameters)
    own[parameter.name] = parameter.number;
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
    for (const Parameter &parameter : parameters) {
      std::vector<int64_t> values = parameter.others;
      values.push_back(parameter.number);
      for (int64_t value : values) {
        Numbers numbers = search.trials[search.best].numbers;
        numbers[parameter.name] = value;
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
