//===- unicode.cpp - Characters, and which are letters ------------------===//
#include "model/unicode.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <span>

namespace gpt2 {
namespace {

struct Range {
  char32_t first, last;
};

#include "model/unicode_ranges.inc"

/// Unicode's White_Space.
constexpr Range spaces[] = {
    {0x09, 0x0D},     {0x20, 0x20},     {0x85, 0x85},     {0xA0, 0xA0},
    {0x1680, 0x1680}, {0x2000, 0x200A}, {0x2028, 0x2029}, {0x202F, 0x202F},
    {0x205F, 0x205F}, {0x3000, 0x3000}};

constexpr bool contains(std::span<const Range> ranges, char32_t code) {
  auto after = std::upper_bound(
      ranges.begin(), ranges.end(), code,
      [](char32_t code, const Range &range) { return code < range.first; });
  return after != ranges.begin() && code <= std::prev(after)->last;
}

constexpr CharacterKind search(char32_t code) {
  if (contains(letters, code))
    return CharacterKind::Letter;
  if (contains(numbers, code))
    return CharacterKind::Number;
  return contains(spaces, code) ? CharacterKind::Space : CharacterKind::Other;
}

constexpr auto ascii = [] {
  std::array<CharacterKind, 128> kinds{};
  for (char32_t code = 0; code < 128; ++code)
    kinds[code] = search(code);
  return kinds;
}();

} // namespace

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

CharacterKind kindOf(char32_t code) {
  return code < 128 ? ascii[code] : search(code);
}

bool isWordCharacter(char32_t code) { return contains(wordCharacters, code); }

} // namespace gpt2
