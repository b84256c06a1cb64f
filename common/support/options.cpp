//===- options.cpp - The options of a program, as a table ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "support/options.h"
#include "support/error.h"
#include "support/output.h"

#include <algorithm>
#include <cctype>

#include <getopt.h>

namespace gpt2 {
namespace {

/// "  --model PATH": a value's name in capitals, but for a suffix.
std::string headOf(const Option &option) {
  std::string head = "  --" + option.name, value = option.value;
  std::transform(value.begin(), std::find(value.begin(), value.end(), '.'),
                 value.begin(),
                 [](unsigned char c) { return std::toupper(c); });
  return value.empty() ? head : head + " " + value;
}

/// The help as it goes on from the head: a value of one letter is a capital.
std::string helpOf(const Option &option) {
  std::string help = option.describe();
  auto isInWord = [&](size_t i) {
    return std::isalnum(static_cast<unsigned char>(help[i])) != 0;
  };
  help[0] = static_cast<char>(std::tolower(help[0]));
  for (size_t i = 1; i + 1 < help.size() && option.value.size() == 1; ++i)
    if (help[i] == option.value[0] && !isInWord(i - 1) && !isInWord(i + 1))
      help[i] = static_cast<char>(std::toupper(help[i]));
  return help;
}

/// Appends `text`, whose lines start at `column`, to a line that is there.
void appendWrapped(std::string &line, std::string_view text, size_t column) {
  constexpr size_t width = 79;
  size_t at = column;
  while (!text.empty()) {
    std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    if (at > column && at + 1 + word.size() > width) {
      line += "\n" + std::string(column, ' ');
      at = column;
    } else if (at > column) {
      line += " ";
      ++at;
    }
    line += word;
    at += word.size();
  }
  line += "\n";
}

} // namespace

Setter into(std::string &variable) {
  return {[&variable](std::string_view, const std::string &text) {
            variable = text;
          },
          variable};
}

Setter into(std::optional<std::string> &variable) {
  return {[&variable](std::string_view, const std::string &text) {
            variable = text;
          },
          variable.value_or("")};
}

Setter into(std::filesystem::path &path) {
  return {[&path](std::string_view, const std::string &text) { path = text; },
          path.string()};
}

Setter into(std::optional<std::filesystem::path> &path) {
  return {[&path](std::string_view option, const std::string &text) {
            if (text.empty())
              fail("--", option, "=: expected a file's name");
            path = text;
          },
          ""};
}

Setter reading(Setter setter) {
  setter.readsInput = true;
  return setter;
}

std::string Option::describe() const {
  std::string text = help;
  if (size_t at = text.find("{}"); at != std::string::npos)
    text.replace(at, 2, setter.initial);
  return text;
}

void Option::take(const std::string &text) {
  setter.set(name, text);
  given = text;
}

void OptionTable::validate() const {
  const Option *reader = nullptr;
  for (const Option &option : options) {
    if (!option.given)
      continue;
    for (const Option &other : options)
      if (other.given && other.name == option.excludes)
        fail("give --", option.name, " or --", other.name, ", not both");
    if (!option.setter.readsInput || option.given != "-")
      continue;
    if (reader)
      fail("--", reader->name, " and --", option.name,
           " both say -, and stdin can be read once");
    reader = &option;
  }
}

std::string usageOf(const OptionTable &table) {
  size_t column = 0;
  for (const Option &option : table.options)
    column = std::max(column, headOf(option).size() + 2);
  std::string usage = table.about + "\n";
  for (const Option &option : table.options) {
    std::string line = headOf(option);
    line.resize(column, ' ');
    appendWrapped(line, helpOf(option), column);
    usage += line;
  }
  return usage;
}

bool parseOptions(OptionTable &table, int argc, char **argv) {
  // getopt_long takes a beginning that fits options of one value for any of
  // them: each has its own.
  constexpr int first = 256, help = first - 1;
  std::vector<option> known = {{"help", no_argument, nullptr, help}};
  for (const Option &its : table.options)
    known.push_back({its.name.c_str(),
                     its.isSwitch() ? no_argument : required_argument, nullptr,
                     first + static_cast<int>(known.size()) - 1});
  known.push_back({});
  optind = 0; // whatever was parsed before
  for (int found;
       (found = getopt_long(argc, argv, "", known.data(), nullptr)) != -1;) {
    if (found == help) {
      print(usageOf(table));
      return false;
    }
    if (found < first) // getopt_long has said what is wrong
      throw Error("see --help");
    Option &its = table.options[static_cast<size_t>(found - first)];
    its.take(its.isSwitch() ? "true" : optarg);
  }
  for (Option &positional : table.positionals)
    if (optind < argc)
      positional.take(argv[optind++]);
  if (optind < argc)
    fail("unexpected argument '", argv[optind], "'; see --help");
  table.validate();
  return true;
}

} // namespace gpt2
