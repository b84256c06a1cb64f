//===- text_pieces.h - Tokens become text that can be shown -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gpt2 {

/// Bytes of tokens, as they come, in pieces that are UTF-8 and hold nothing of
/// a text at which to stop: what may become part of a character or of such a
/// text is held back until it is known.
class TextPieces {
public:
  explicit TextPieces(std::vector<std::string> stops)
      : stops(std::move(stops)) {}

  /// Takes the next token's bytes, and returns what is certain now.
  std::string add(std::string_view bytes);
  /// What is left when no more tokens come.
  std::string end();

  /// Whether a text to stop at has come; then there is nothing more.
  bool isStopped() const { return stopped; }

private:
  std::string take(size_t count);

  std::vector<std::string> stops;
  std::string held;
  bool stopped = false;
};

/// `bytes` with U+FFFD for what is not UTF-8, as the Unicode standard
/// recommends (section 3.9): one for each longest beginning of a character.
std::string toUtf8(std::string_view bytes);

} // namespace gpt2
