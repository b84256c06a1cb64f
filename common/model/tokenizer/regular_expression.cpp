//===- regular_expression.cpp - PCRE2, at a place in a text -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#define PCRE2_CODE_UNIT_WIDTH 8
#include "model/tokenizer/regular_expression.h"
#include "support/error.h"

#include <pcre2.h>

namespace gpt2 {

struct RegularExpression::Code {
  pcre2_code *code;
  explicit Code(pcre2_code *code) : code(code) {}
  ~Code() { pcre2_code_free(code); }
};

RegularExpression::RegularExpression(const std::string &expression) {
  int error = 0;
  size_t offset = 0;
  pcre2_code *compiled = pcre2_compile(
      reinterpret_cast<PCRE2_SPTR>(expression.data()), expression.size(),
      PCRE2_UTF | PCRE2_UCP | PCRE2_ANCHORED, &error, &offset, nullptr);
  if (!compiled)
    fail("PCRE2 refuses the expression ", expression, " at ", offset,
         " (error ", error, "); version 10.40 or later is needed");
  code = std::make_unique<Code>(compiled);
  pcre2_jit_compile(compiled, PCRE2_JIT_COMPLETE); // only faster; may fail
}

RegularExpression::~RegularExpression() = default;

size_t RegularExpression::matchAt(std::string_view text, size_t at) const {
  // One pair of offsets, whatever the expression; made anew it costs as much
  // as a match.
  static thread_local std::unique_ptr<pcre2_match_data,
                                      void (*)(pcre2_match_data *)>
      match(pcre2_match_data_create(1, nullptr), pcre2_match_data_free);
  int found =
      pcre2_match(code->code, reinterpret_cast<PCRE2_SPTR>(text.data()),
                  text.size(), at, PCRE2_NO_UTF_CHECK, match.get(), nullptr);
  if (found == PCRE2_ERROR_NOMATCH)
    return 0;
  if (found < 0)
    fail("PCRE2 gave up on the text at byte ", at, " (error ", found, ")");
  return pcre2_get_ovector_pointer(match.get())[1] - at;
}

} // namespace gpt2
