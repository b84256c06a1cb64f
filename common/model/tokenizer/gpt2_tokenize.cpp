//===- gpt2_tokenize.cpp - Text to token ids, and back ------------------===//
#include "model/tokenizer/tokenizer.h"
#include "support/error.h"
#include "support/files.h"
#include "support/paths.h"

#include <charconv>
#include <functional>
#include <iostream>

#include <getopt.h>

namespace {

using namespace gpt2;

const char *usage =
    R"(usage: gpt2-tokenize [OPTIONS] [FILE]

Prints the ids of a text's tokens, one a line. The text is FILE, or standard
input if that is - or missing.

  --tokenizer PATH  a folder with a tokenizer's files, a tokenizer.json, or
                    llm.c's gpt2_tokenizer.bin (default: the embedded model's)
  --decode          the other way: FILE has ids, and their text is printed
  --no-special      take <|endoftext|> and its like as text
  --null            many texts, each ended by a null byte, and a line for the
                    ids of each
)";

struct Options {
  std::string tokenizer = paths::embeddedModel(), file = "-";
  int decode = false, noSpecial = false, null = false;
};

/// Nothing if only help was asked for.
std::optional<Options> parse(int argc, char **argv) {
  Options line;
  const option options[] = {{"tokenizer", required_argument, nullptr, 't'},
                            {"decode", no_argument, &line.decode, true},
                            {"no-special", no_argument, &line.noSpecial, true},
                            {"null", no_argument, &line.null, true},
                            {"help", no_argument, nullptr, 'h'},
                            {}};
  for (int given;
       (given = getopt_long(argc, argv, "", options, nullptr)) != -1;) {
    if (given == 'h') {
      std::cout << usage;
      return std::nullopt;
    }
    if (given == 't')
      line.tokenizer = optarg;
    else if (given != 0) // getopt_long has said what is wrong
      throw Error("see --help");
  }
  if (optind < argc)
    line.file = argv[optind++];
  if (optind < argc)
    fail("unexpected argument '", argv[optind], "'; see --help");
  if (line.decode && line.noSpecial)
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
  std::optional<Options> line = parse(argc, argv);
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
