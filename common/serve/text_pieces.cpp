//===- text_pieces.cpp - Tokens become text that can be shown -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "serve/text_pieces.h"

#include <algorithm>
#include <cstdint>

namespace gpt2 {
namespace {

/// What stands at the beginning of some bytes.
struct Character {
  size_t length;  ///< of the character, or of what is none
  bool isWhole;   ///< a character
  bool mayBecome; ///< one, if more bytes follow
};

Character firstOf(std::string_view bytes) {
  auto byte = [&](size_t i) { return static_cast<uint8_t>(bytes[i]); };
  uint8_t lead = byte(0);
  if (lead < 0x80)
    return {1, true, false};
  size_t length = lead >= 0xc2 && lead < 0xe0   ? 2
                  : lead >= 0xe0 && lead < 0xf0 ? 3
                  : lead >= 0xf0 && lead < 0xf5 ? 4
                                                : 0;
  if (length == 0)
    return {1, false, false};
  // No overlong forms, no surrogates, nothing above U+10FFFF.
  uint8_t least = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  uint8_t most = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  for (size_t i = 1; i < length; ++i) {
    if (i == bytes.size())
      return {i, false, true};
    if (byte(i) < least || byte(i) > most)
      return {i, false, false};
    least = 0x80;
    most = 0xbf;
  }
  return {length, true, false};
}

} // namespace

std::string toUtf8(std::string_view bytes) {
  std::string text;
  while (!bytes.empty()) {
    Character character = firstOf(bytes);
    text += character.isWhole ? bytes.substr(0, character.length) : "\ufffd";
    bytes.remove_prefix(character.length);
  }
  return text;
}

/// The first `count` bytes that are held.
std::string TextPieces::take(size_t count) {
  std::string text = toUtf8(std::string_view(held).substr(0, count));
  held.erase(0, count);
  return text;
}

std::string TextPieces::add(std::string_view bytes) {
  if (stopped)
    return "";
  held += bytes;
  // The first text to stop at, of those that are there.
  size_t first = std::string::npos;
  for (const std::string &stop : stops)
    first = std::min(first, held.find(stop));
  if (first != std::string::npos) {
    stopped = true;
    held.resize(first);
    return take(first);
  }
  // What may be the beginning of one.
  size_t certain = held.size();
  for (const std::string &stop : stops)
    for (size_t length = std::min(stop.size() - 1, held.size()); length > 0;
         --length)
      if (held.ends_with(std::string_view(stop).substr(0, length))) {
        certain = std::min(certain, held.size() - length);
        break;
      }
  // And of a character.
  size_t at = 0;
  while (at < certain) {
    Character character =
        firstOf(std::string_view(held).substr(at, certain - at));
    if (character.mayBecome)
      break;
    at += character.length;
  }
  return take(at);
}

std::string TextPieces::end() { return take(held.size()); }

} // namespace gpt2
