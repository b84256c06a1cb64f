//===- gpt2_tokenize.cpp - Text to token ids, and back ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "model/tokenizer/tokenizer.h"
#include "support/error.h"
#include "support/files.h"
#include "support/options.h"
#include "support/paths.h"

#include <charconv>
#include <functional>
#include <iostream>

namespace {

using namespace gpt2;

const char *about =
    R"(usage: gpt2-tokenize [OPTIONS] [FILE]

Prints the ids of a text's tokens, one a line. The text is FILE, or standard
input if that is - or missing.
)";

struct Line {
  std::string tokenizer = paths::embeddedModel(), file = "-";
  bool decode = false, noSpecial = false, null = false;
};

/// Nothing if only help was asked for.
std::optional<Line> parse(int argc, char **argv) {
  std::optional<Line> line(std::in_place);
  OptionTable table{
      about,
      {{"tokenizer", "path",
        "A folder with a tokenizer's files, a tokenizer.json, or llm.c's "
        "gpt2_tokenizer.bin (default: the embedded model's)",
        into(line->tokenizer)},
       {"decode", "", "The other way: FILE has ids, and their text is printed",
        switching(line->decode, true)},
       {"no-special", "", "Take <|endoftext|> and its like as text",
        switching(line->noSpecial, true)},
       {"null", "",
        "Many texts, each ended by a null byte, and a line for the ids of each",
        switching(line->null, true)}},
      {{"FILE", "", "", into(line->file)}}};
  if (!parseOptions(table, argc, argv))
    return std::nullopt;
  if (line->decode && line->noSpecial)
    fail("--no-special goes with text, not with --decode");
  return line;
}

std::vector<int32_t> parseIds(std::string_view text, const std::string &file) {
  constexpr std::string_view blanks = " \t\r\n";
  std::vector<int32_t> ids;
  while (true) {
    text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
    if (text.empty())
      return ids;
    std::string_view word = text.substr(0, text.find_first_of(blanks));
    text.remove_prefix(word.size());
    int32_t id = 0;
    auto [stop, error] =
        std::from_chars(word.data(), word.data() + word.size(), id);
    if (error != std::errc() || stop != word.data() + word.size())
      fail(file, ": \"", word, "\" is not a token's id");
    ids.push_back(id);
  }
}

/// Calls `show` with each part of `text` that ends with `end`.
void forEachPart(std::string_view text, char end,
                 const std::function<void(std::string_view)> &show) {
  while (!text.empty()) {
    std::string_view part = text.substr(0, text.find(end));
    text.remove_prefix(std::min(text.size(), part.size() + 1));
    show(part);
  }
}

int run(int argc, char **argv) {
  std::optional<Line> line = parse(argc, argv);
  if (!line)
    return 0;
  Tokenizer tokenizer = Tokenizer::open(line->tokenizer);
  std::string all = readInput(line->file);
  auto showText = [&](std::string_view ids) {
    std::cout << tokenizer.decode(parseIds(ids, line->file));
  };
  auto showIds = [&](std::string_view text) {
    const char *between = "";
    for (int32_t id :
         tokenizer.encode(text, line->noSpecial ? SpecialTokens::AsText
                                                : SpecialTokens::AsTokens)) {
      std::cout << between << id;
      between = line->null ? " " : "\n";
    }
    if (line->null || *between)
      std::cout << '\n';
  };
  if (line->null && line->decode)
    forEachPart(all, '\n', [&](std::string_view ids) {
      showText(ids);
      std::cout << '\0';
    });
  else if (line->null)
    forEachPart(all, '\0', showIds);
  else if (line->decode)
    showText(all);
  else
    showIds(all);
  if (!std::cout.flush())
    fail("the output could not be written");
  return 0;
}

} // namespace

int main(int argc, char **argv) {
  return gpt2::exitCodeOf("gpt2-tokenize", [&] { return run(argc, argv); });
}
