//===- word_splitter.cpp - GPT-2's pre-tokenizer ------------------------===//
//
// The expression is the one of GPT-2's encoder.py,
//
//   's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
//
// matched by hand: its classes must not depend on a library's Unicode.
//
//===----------------------------------------------------------------------===//
#include "model/word_splitter.h"
#include "model/unicode.h"

namespace gpt2 {
namespace {

/// The first byte behind the run of characters of `kind` that begins at `at`.
size_t endOfRun(std::string_view text, size_t at, CharacterKind kind) {
  while (at < text.size()) {
    Character next = characterAt(text, at);
    if (!next.valid || kindOf(next.code) != kind)
      break;
    at += next.bytes;
  }
  return at;
}

size_t contraction(std::string_view text) {
  for (std::string_view ending : {"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"})
    if (text.starts_with(ending))
      return ending.size();
  return 0;
}

} // namespace

size_t firstWord(std::string_view text) {
  Character first = characterAt(text, 0);
  if (!first.valid) {
    size_t end = 1;
    while (end < text.size() && !characterAt(text, end).valid)
      ++end;
    return end;
  }
  if (first.code == '\'')
    if (size_t end = contraction(text))
      return end;
  CharacterKind kind = kindOf(first.code);
  if (kind != CharacterKind::Space)
    return endOfRun(text, first.bytes, kind);
  if (first.code == ' ' && text.size() > 1) { // a word with its space
    Character next = characterAt(text, 1);
    CharacterKind following = kindOf(next.code);
    if (next.valid && following != CharacterKind::Space)
      return endOfRun(text, 1 + next.bytes, following);
  }
  // White space, but its last character goes to the word that follows.
  size_t end = endOfRun(text, first.bytes, kind);
  if (end == first.bytes || end == text.size() || !characterAt(text, end).valid)
    return end;
  return end - characterBefore(text, end).bytes;
}

} // namespace gpt2
