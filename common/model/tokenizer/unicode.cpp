//===- unicode.cpp - Characters, and which are letters ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "model/tokenizer/unicode.h"
#include "model/tokenizer/regular_expression.h"

#include <algorithm>

namespace gpt2 {

namespace classes {

#include "model/tokenizer/unicode_ranges.inc"

const char spaces[] =
    R"(\x09-\x0D\x20\x{85}\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029})"
    R"(\x{202F}\x{205F}\x{3000})";

} // namespace classes

Character characterAt(std::string_view text, size_t at) {
  auto byte = [&](size_t i) {
    return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0u;
  };
  auto more = [&](size_t i) { return (byte(i) & 0xC0) == 0x80; };
  unsigned lead = byte(0);
  if (lead < 0x80)
    return {lead, 1, true};
  if (lead >= 0xC2 && lead < 0xE0 && more(1))
    return {(lead & 0x1F) << 6 | (byte(1) & 0x3F), 2, true};
  if (lead >= 0xE0 && lead < 0xF0 && more(1) && more(2)) {
    char32_t code =
        (lead & 0xF) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F);
    if (code >= 0x800 && (code < 0xD800 || code > 0xDFFF))
      return {code, 3, true};
  }
  if (lead >= 0xF0 && lead < 0xF5 && more(1) && more(2) && more(3)) {
    char32_t code = (lead & 7) << 18 | (byte(1) & 0x3F) << 12 |
                    (byte(2) & 0x3F) << 6 | (byte(3) & 0x3F);
    if (code >= 0x10000 && code <= 0x10FFFF)
      return {code, 4, true};
  }
  return {lead, 1, false};
}

Character characterBefore(std::string_view text, size_t end) {
  for (size_t bytes = 1; bytes <= std::min<size_t>(4, end); ++bytes) {
    Character character = characterAt(text.substr(0, end), end - bytes);
    if (character.valid && character.bytes == bytes)
      return character;
  }
  return {static_cast<unsigned char>(text[end - 1]), 1, false};
}

bool isSpace(std::string_view character) {
  static const RegularExpression space("[" + std::string(classes::spaces) +
                                       "]");
  return space.matchAt(character, 0) > 0;
}

bool isWordCharacter(std::string_view character) {
  static const RegularExpression word(
      "[" + std::string(classes::wordCharacters) + "]");
  return word.matchAt(character, 0) > 0;
}

} // namespace gpt2
