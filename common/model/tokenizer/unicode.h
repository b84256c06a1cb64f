//===- unicode.h - Characters, and which are letters --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The classes are those of `tokenizers`, by which models are trained. They are
// PCRE2's and, because it follows the Unicode that it was built with, those
// characters by name that Unicode 15 and later assigned.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstddef>
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

/// What is between the brackets of a class of characters, [...] or [^...].
namespace classes {
extern const char letters[]; ///< `\p{L}`
extern const char numbers[]; ///< `\p{N}`
extern const char spaces[];  ///< White_Space: PCRE2's `\s` has U+180E, too
extern const char wordCharacters[]; ///< `\w`: letters, marks, decimal digits,
                                    ///< connectors
} // namespace classes

/// Of one character of UTF-8.
bool isSpace(std::string_view character);
bool isWordCharacter(std::string_view character);

} // namespace gpt2
