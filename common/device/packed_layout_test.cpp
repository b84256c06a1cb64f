//===- packed_layout_test.cpp - Words that stand in a program -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "device/packed_layout.h"
#include "support/error.h"

#include <gmock/gmock.h>

using namespace testing;

namespace gpt2 {
namespace {

TEST(PackedLayout, IsTheseWords) {
  PackedLayout layout{ElementType::I8, 1, {2, 12, 192, 16, 4}, {}, {}};
  layout.scales = {17, {2, 192}};
  // Bits, rows, sizes; the scales' argument and sizes; no sums.
  EXPECT_THAT(layout.encode(), ElementsAre(8, 1, 5, 2, 12, 192, 16, 4, //
                                           17, 2, 2, 192, -1));
}

TEST(PackedLayout, IsReadAsItWasWritten) {
  for (ElementType type :
       {ElementType::F32, ElementType::BF16, ElementType::I8})
    for (bool hasScales : {false, true})
      for (bool hasSums : {false, true}) {
        PackedLayout layout{type, 16, {3, 5}, {}, {}};
        if (hasScales)
          layout.scales = {18, {3}};
        if (hasSums)
          layout.sums = {19, {3, 7}};
        EXPECT_EQ(PackedLayout::decode(layout.encode().data()), layout);
      }
}

TEST(PackedLayout, OfOtherElementsIsRefused) {
  std::vector<int64_t> words{4, 1, 1, 3, -1, -1};
  try {
    PackedLayout::decode(words.data());
    FAIL();
  } catch (const Error &error) {
    EXPECT_THAT(error.what(), HasSubstr("4 bits; expected 8, 16 or 32"));
  }
}

} // namespace
} // namespace gpt2
