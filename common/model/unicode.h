//===- unicode.h - Characters, and which are letters --------------------===//
//
// The classes are those of `tokenizers`, by which models are trained, in a
// table of our own: a library's follow the Unicode that it was built with, and
// a text would become other tokens on another distribution.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <string_view>

namespace gpt2 {

/// One character of UTF-8, or one byte that is not part of any.
struct Character {
  char32_t code;
  size_t bytes; ///< 1 to 4
  bool valid;
};

/// The character that begins at byte `at` of `text`, which is inside it.
Character characterAt(std::string_view text, size_t at);

/// The character that ends before byte `end` of `text`; `end` is not 0.
Character characterBefore(std::string_view text, size_t end);

/// The kinds of characters that GPT-2's expression knows: \p{L}, \p{N}, \s.
enum class CharacterKind : uint8_t { Letter, Number, Space, Other };
CharacterKind kindOf(char32_t code);

/// \w: letters, marks, decimal digits, connectors.
bool isWordCharacter(char32_t code);

} // namespace gpt2
