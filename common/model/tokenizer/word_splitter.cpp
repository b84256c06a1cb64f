//===- word_splitter.cpp - GPT-2's pre-tokenizer ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The expression is the one of GPT-2's encoder.py,
//
//   's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
//
// with the classes of `tokenizers` for \p{L}, \p{N} and \s.
//
//===----------------------------------------------------------------------===//
#include "model/tokenizer/word_splitter.h"
#include "model/tokenizer/regular_expression.h"
#include "model/tokenizer/unicode.h"

namespace gpt2 {
namespace {

std::string gpt2Expression() {
  using namespace classes;
  std::string space = spaces, letter = letters, number = numbers;
  auto run = [](const std::string &of) { return "[" + of + "]+"; };
  std::string visible = "^" + space + letter + number;
  // White space leaves its last character to the word that follows.
  return "'s|'t|'re|'ve|'m|'ll|'d| ?" + run(letter) + "| ?" + run(number) +
         "| ?" + run(visible) + "|" + run(space) + "(?![^" + space + "])|" +
         run(space);
}

} // namespace

void forEachWord(std::string_view text,
                 const std::function<void(std::string_view)> &onWord) {
  static const RegularExpression word(gpt2Expression());
  while (!text.empty()) {
    size_t valid = 0;
    for (Character next; valid < text.size(); valid += next.bytes)
      if (next = characterAt(text, valid); !next.valid)
        break;
    for (size_t at = 0, bytes; at < valid; at += bytes) {
      bytes = word.matchAt(text.substr(0, valid), at); // there is always one
      onWord(text.substr(at, bytes));
    }
    size_t end = valid;
    while (end < text.size() && !characterAt(text, end).valid)
      ++end;
    if (end > valid)
      onWord(text.substr(valid, end - valid));
    text.remove_prefix(end);
  }
}

} // namespace gpt2
