//===- word_splitter_test.cpp - Words, judged by another ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "model/tokenizer/regular_expression.h"
#include "model/tokenizer/unicode.h"
#include "model/tokenizer/word_splitter.h"
#include "support/files.h"
#include "support/paths.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>

using namespace gpt2;

namespace {

std::vector<std::string> wordsOf(std::string_view text) {
  std::vector<std::string> words;
  forEachWord(text, [&](std::string_view word) { words.emplace_back(word); });
  return words;
}

std::string utf8(char32_t code) {
  nlohmann::json parsed; // an independent encoder, of pairs of surrogates
  char text[32];
  if (code < 0x10000)
    std::snprintf(text, sizeof text, "\"\\u%04x\"",
                  static_cast<unsigned>(code));
  else
    std::snprintf(text, sizeof text, "\"\\u%04x\\u%04x\"",
                  static_cast<unsigned>(0xD800 + ((code - 0x10000) >> 10)),
                  static_cast<unsigned>(0xDC00 + ((code - 0x10000) & 0x3FF)));
  return nlohmann::json::parse(text).get<std::string>();
}

TEST(WordSplitter, SplitsAsRecorded) {
  // Recorded from Hugging Face's tokenizers:
  // common/embedded_model/record_tokenizers.py.
  RegularExpression known("\\P{Cn}");
  auto all = nlohmann::json::parse(
      readFile(paths::source() / "common/model/fixtures/words.json"));
  ASSERT_GT(all.size(), 50u);
  for (const auto &record : all) {
    auto code = record["code"].get<uint32_t>();
    if (!record["assigned"] && known.matchAt(utf8(code), 0)) {
      std::cout << "passed over: PCRE2 is newer than the record, and knows U+"
                << std::hex << code << '\n';
      continue;
    }
    std::vector<std::string> words = record["words"];
    std::string text;
    for (const std::string &word : words)
      text += word;
    EXPECT_EQ(wordsOf(text), words) << "U+" << std::hex << code;
  }
}

TEST(WordSplitter, WordsMayBeOfAnyLength) {
  // Letters, numbers of Unicode 1 and 15, mixed; others; white space.
  for (std::string unit :
       {"a\u00e9\U00011f04", "1\U00011f50", "!\U0001f600", "\t \u3000"}) {
    std::string text;
    while (text.size() < 1'000'000)
      text += unit;
    EXPECT_EQ(wordsOf(text), std::vector{text}) << unit;
  }
}

TEST(WordSplitter, KnowsEveryCharacterBothWays) {
  for (char32_t code = 0; code <= 0x10FFFF; ++code) {
    if (code >= 0xD800 && code <= 0xDFFF)
      continue;
    std::string text = "\x80" + utf8(code);
    for (Character c :
         {characterAt(text + "a", 1), characterBefore(text, text.size())}) {
      ASSERT_TRUE(c.valid) << static_cast<uint32_t>(code);
      ASSERT_EQ(c.code, code);
      ASSERT_EQ(c.bytes, text.size() - 1);
    }
  }
}

TEST(WordSplitter, BytesThatAreNotUtf8AreWordsOfTheirOwn) {
  using Words = std::vector<std::string>;
  EXPECT_EQ(wordsOf("a\xff\xfe b"), (Words{"a", "\xff\xfe", " b"}));
  EXPECT_EQ(wordsOf("a \xff"), (Words{"a", " ", "\xff"})); // \S is not there
  EXPECT_EQ(wordsOf("a  \xff"), (Words{"a", "  ", "\xff"}));
  EXPECT_EQ(wordsOf("\xe2\x82z"), (Words{"\xe2\x82", "z"}));   // cut short
  EXPECT_EQ(wordsOf("\xc0\x80"), (Words{"\xc0\x80"}));         // overlong
  EXPECT_EQ(wordsOf("\xed\xa0\x80"), (Words{"\xed\xa0\x80"})); // surrogate
  EXPECT_EQ(wordsOf("\xf4\x90\x80\x80"),
            (Words{"\xf4\x90\x80\x80"})); // beyond U+10FFFF
  EXPECT_EQ(wordsOf("\xf0\x9f\x98"), (Words{"\xf0\x9f\x98"}));
}

} // namespace
