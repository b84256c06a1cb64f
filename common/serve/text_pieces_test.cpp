//===- text_pieces_test.cpp - What may be shown, and what must wait -----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "serve/text_pieces.h"

#include <gmock/gmock.h>

#include <random>

using namespace gpt2;

namespace {

/// All that comes of `bytes`, cut anywhere, and whether it was stopped.
std::pair<std::string, bool> cutAnywhere(const std::string &bytes,
                                         const std::vector<std::string> &stops,
                                         uint32_t seed) {
  std::mt19937 random(seed);
  TextPieces pieces(stops);
  std::string text;
  for (size_t at = 0; at < bytes.size();) {
    size_t count = std::min<size_t>(1 + random() % 4, bytes.size() - at);
    text += pieces.add(std::string_view(bytes).substr(at, count));
    at += count;
  }
  if (!pieces.isStopped())
    text += pieces.end();
  return {text, pieces.isStopped()};
}

TEST(TextPieces, ACharacterComesWhole) {
  TextPieces pieces({});
  EXPECT_EQ(pieces.add("a\xe2"), "a");
  EXPECT_EQ(pieces.add("\x82"), "");
  EXPECT_EQ(pieces.add("\xac!"), "\u20ac!");
  EXPECT_EQ(pieces.add("\xf0\x9f"), "");
  EXPECT_EQ(pieces.end(), "\ufffd"); // it never became one
}

TEST(TextPieces, WhatIsNotUtf8IsReplaced) {
  // Table 3-8 of the Unicode standard, and what Python makes of it.
  EXPECT_EQ(toUtf8("\xc0\xaf\xe0\x80\xbf\xf0\x81\x82\x41"),
            "\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffdA");
  EXPECT_EQ(toUtf8("\xed\xa0\x80\xed\xbf\xbf\xed\xaf\x41"),
            "\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffdA");
  EXPECT_EQ(toUtf8("\xf4\x91\x92\x93\xff\x41\x80\xbf\x42"),
            "\ufffd\ufffd\ufffd\ufffd\ufffdA\ufffd\ufffdB");
  EXPECT_EQ(toUtf8("\xe1\x80\xe2\xf0\x91\x92\xf1\xbf\x41"),
            "\ufffd\ufffd\ufffd\ufffdA");
}

TEST(TextPieces, StopsBeforeATextThatIsCut) {
  TextPieces pieces({"\n\n", "END"});
  EXPECT_EQ(pieces.add("one\n"), "one");
  EXPECT_EQ(pieces.add("two E"), "\ntwo ");
  EXPECT_EQ(pieces.add("N"), "");
  EXPECT_EQ(pieces.add("Emy E"), "ENEmy ");
  EXPECT_EQ(pieces.add("ND more"), "");
  EXPECT_TRUE(pieces.isStopped());
  EXPECT_EQ(pieces.add("and more"), "");
}

TEST(TextPieces, TheFirstOfTwoCounts) {
  TextPieces pieces({"world", "o w"});
  EXPECT_EQ(pieces.add("hello world"), "hell");
  EXPECT_TRUE(pieces.isStopped());
}

TEST(TextPieces, HowItIsCutChangesNothing) {
  std::string bytes =
      "aab\u00e9aaab \xff\u20ac aaaab\U0001f600 the end\xe2\x82";
  std::string whole = toUtf8(bytes);
  for (uint32_t seed = 0; seed < 300; ++seed) {
    EXPECT_EQ(cutAnywhere(bytes, {}, seed).first, whole);
    EXPECT_EQ(cutAnywhere(bytes, {"aaaaa", "\u20ad"}, seed),
              std::pair(whole, false));
    // Repeated beginnings: "aab" within "aaab".
    EXPECT_EQ(cutAnywhere(bytes, {"aaab"}, seed),
              std::pair(std::string("aab\u00e9"), true));
    EXPECT_EQ(cutAnywhere(bytes, {"\U0001f600"}, seed),
              std::pair(whole.substr(0, whole.find("\U0001f600")), true));
  }
}

} // namespace
