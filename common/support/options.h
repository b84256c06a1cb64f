//===- options.h - The options of a program, as a table -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What each option is called, what --help says of it, and what it sets.
// parseOptions() takes a command line as getopt_long() does. Chapters' programs
// hand their table to LLVM's parser, which has options of its own, see
// chapter/llvm_options.h.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "support/numbers.h"

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace gpt2 {

/// What an option does with its text.
struct Setter {
  /// Throws an Error that begins with --`option`= if the text is not right.
  std::function<void(std::string_view option, const std::string &text)> set;
  std::string initial;     ///< what is set if the option is not given
  bool readsInput = false; ///< a file that is read: "-" is stdin
};

/// Sets a variable, which must live until the command line is parsed.
Setter into(std::string &text);
Setter into(std::optional<std::string> &text);
Setter into(std::filesystem::path &path);
/// The same of a file or folder, whose name is not empty.
Setter into(std::optional<std::filesystem::path> &path);
/// The same of a number, as support/numbers.h has them.
template <typename T>
requires std::is_arithmetic_v<T> Setter into(T &number) {
  std::ostringstream initial;
  initial << number;
  return {[&number](std::string_view option, const std::string &text) {
            number = numberOf<T>(option, text);
          },
          initial.str()};
}

/// `setter`, of a file that is read.
Setter reading(Setter setter);

/// What a switch does: it sets `variable` to `value`.
template <typename T> Setter switching(T &variable, T value) {
  return {[&variable, value](std::string_view, const std::string &) {
            variable = value;
          },
          ""};
}

struct Option {
  std::string name;  ///< without its dashes
  std::string value; ///< what --help calls it; empty: this is a switch
  std::string help;  ///< in which {} stands for the default
  Setter setter;
  std::string category{};                ///< under which --help shows it
  std::string excludes{};                ///< the option that contradicts it
  std::optional<std::string> given = {}; ///< the last text that it took

  bool isSwitch() const { return value.empty(); }
  /// The help, with the default.
  std::string describe() const;
  void take(const std::string &text);
};

struct OptionTable {
  std::string about; ///< what --help says above the options
  std::vector<Option> options;
  /// What stands by itself, in this order, each of which may be missing.
  std::vector<Option> positionals = {};

  /// Throws an Error if options were given that exclude each other, or two
  /// that both read stdin.
  void validate() const;
};

/// What --help prints: `about`, and a row for each option.
std::string usageOf(const OptionTable &table);

/// Takes --name=VALUE, --name VALUE, beginnings of names that fit only one,
/// and options behind positionals, up to a "--"; of an option that is given
/// twice the last text counts. False if --help was all that was asked for: it
/// is printed. Throws an Error if something is not right.
bool parseOptions(OptionTable &table, int argc, char **argv);

} // namespace gpt2
