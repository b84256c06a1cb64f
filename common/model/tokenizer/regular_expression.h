//===- regular_expression.h - PCRE2, at a place in a text ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace gpt2 {

/// A regular expression in PCRE2's syntax, over UTF-8. May be used by many
/// threads at once.
class RegularExpression {
public:
  explicit RegularExpression(const std::string &expression);
  ~RegularExpression();

  /// The bytes of the match that begins at byte `at` of `text`; 0 if none does.
  /// `text` is valid UTF-8, which is not checked, and `at` begins a character.
  size_t matchAt(std::string_view text, size_t at) const;

private:
  struct Code;
  std::unique_ptr<Code> code;
};

} // namespace gpt2
