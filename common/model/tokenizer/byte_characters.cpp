//===- byte_characters.cpp - Bytes as printable characters --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "model/tokenizer/byte_characters.h"
#include "model/tokenizer/unicode.h"

#include <array>
#include <cstdint>

namespace gpt2 {

std::optional<std::string> bytesOf(std::string_view symbol) {
  static constexpr auto byteOf = [] { // character -> byte, or -1
    std::array<int16_t, 256 + 68> table{};
    table.fill(-1);
    size_t next = 256;
    for (int16_t byte = 0; byte < 256; ++byte) {
      bool printable = (byte >= 33 && byte <= 126) ||
                       (byte >= 161 && byte <= 172) || byte >= 174;
      table[printable ? static_cast<size_t>(byte) : next++] = byte;
    }
    return table;
  }();
  std::string bytes;
  for (size_t at = 0; at < symbol.size();) {
    Character character = characterAt(symbol, at);
    if (!character.valid || character.code >= byteOf.size() ||
        byteOf[character.code] < 0)
      return std::nullopt;
    bytes += static_cast<char>(byteOf[character.code]);
    at += character.bytes;
  }
  return bytes;
}

} // namespace gpt2
