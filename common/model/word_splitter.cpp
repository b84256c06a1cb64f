//===- word_splitter.cpp - GPT-2's pre-tokenizer ------------------------===//
//
// The expression is the one of GPT-2's encoder.py. Its \s is Unicode's
// White_Space, which PCRE2 has no name for, and so is spelled out.
//
//===----------------------------------------------------------------------===//
#define PCRE2_CODE_UNIT_WIDTH 8
#include "model/word_splitter.h"
#include "model/error.h"

#include <string>

#include <pcre2.h>

namespace gpt2 {
namespace {

#define SPACE                                                                  \
  R"(\x09-\x0D\x20\x{85}\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029})"      \
  R"(\x{202F}\x{205F}\x{3000})"

constexpr std::string_view expression =
    "'s|'t|'re|'ve|'m|'ll|'d"       // English contractions
    "| ?\\p{L}+"                    // letters, with a space before
    "| ?\\p{N}+"                    // digits
    "| ?[^" SPACE "\\p{L}\\p{N}]+"  // anything else that is visible
    "|[" SPACE "]+(?![^" SPACE "])" // white space, but its last character
    "|[" SPACE "]+";                // goes to the word that follows

#undef SPACE

} // namespace

struct WordSplitter::Pattern {
  pcre2_code *code;
  explicit Pattern(pcre2_code *code) : code(code) {}
  ~Pattern() { pcre2_code_free(code); }
};

WordSplitter::WordSplitter() {
  int error = 0;
  size_t offset = 0;
  pcre2_code *code = pcre2_compile(
      reinterpret_cast<PCRE2_SPTR>(expression.data()), expression.size(),
      PCRE2_UTF | PCRE2_UCP | PCRE2_MATCH_INVALID_UTF, &error, &offset,
      nullptr);
  if (!code)
    fail("PCRE2 refuses the pre-tokenizer's expression at ", offset, " (error ",
         error, "); version 10.34 or later is needed");
  pattern = std::make_unique<Pattern>(code);
  pcre2_jit_compile(code, PCRE2_JIT_COMPLETE); // an optimisation; may fail
}

WordSplitter::~WordSplitter() = default;

void WordSplitter::forEachWord(
    std::string_view text,
    const std::function<void(std::string_view)> &onWord) const {
  auto *subject = reinterpret_cast<PCRE2_SPTR>(text.data());
  std::unique_ptr<pcre2_match_data, void (*)(pcre2_match_data *)> match(
      pcre2_match_data_create(1, nullptr), pcre2_match_data_free);
  size_t at = 0;
  while (at < text.size()) {
    int found = pcre2_match(pattern->code, subject, text.size(), at, 0,
                            match.get(), nullptr);
    if (found < 0 && found != PCRE2_ERROR_NOMATCH)
      fail("PCRE2 gave up on the text at byte ", at, " (error ", found, ")");
    size_t *range = pcre2_get_ovector_pointer(match.get());
    size_t begin = found < 0 ? text.size() : range[0];
    if (begin > at) // no match covers these: bytes that are not UTF-8
      onWord(text.substr(at, begin - at));
    if (found < 0)
      return;
    onWord(text.substr(begin, range[1] - begin));
    at = range[1];
  }
}

} // namespace gpt2
