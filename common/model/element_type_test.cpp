//===- element_type_test.cpp - Bits to numbers --------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "model/element_type.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

using namespace gpt2;

namespace {

TEST(ElementType, Half) {
  // Values from IEEE 754-2019's definition of binary16.
  EXPECT_EQ(halfToFloat(0x3c00), 1.0f);
  EXPECT_EQ(halfToFloat(0xc000), -2.0f);
  EXPECT_EQ(halfToFloat(0x7bff), 65504.0f);
  EXPECT_EQ(halfToFloat(0x0400), 0x1p-14f);        // smallest normal
  EXPECT_EQ(halfToFloat(0x03ff), 1023 * 0x1p-24f); // largest subnormal
  EXPECT_EQ(halfToFloat(0x8001), -0x1p-24f);
  EXPECT_TRUE(std::signbit(halfToFloat(0x8000)));
  EXPECT_EQ(halfToFloat(0xfc00), -std::numeric_limits<float>::infinity());
  EXPECT_TRUE(std::isnan(halfToFloat(0x7e01)));
  for (uint16_t bits = 0; bits < 0x7c00; ++bits) // all steps go up
    ASSERT_LT(halfToFloat(bits), halfToFloat(bits + 1)) << bits;
}

TEST(ElementType, Bfloat) {
  EXPECT_EQ(bfloatToFloat(0x3f80), 1.0f);
  EXPECT_EQ(bfloatToFloat(0xc000), -2.0f);
  EXPECT_EQ(floatToBfloat(1.0f + 0x1p-8f), 0x3f80);     // tie: to even
  EXPECT_EQ(floatToBfloat(1.0f + 3 * 0x1p-8f), 0x3f82); // tie: to even
  EXPECT_EQ(floatToBfloat(1.0f + 0x1.02p-8f), 0x3f81);  // beyond the tie
  EXPECT_EQ(floatToBfloat(0x1.fffffep127f), 0x7f80);    // rounds to infinity
  EXPECT_TRUE(std::isnan(
      bfloatToFloat(floatToBfloat(std::bit_cast<float>(0x7f800001)))));
  for (uint32_t bits = 0; bits < 0x10000; ++bits) { // each is its own rounding
    float value = bfloatToFloat(static_cast<uint16_t>(bits));
    if (!std::isnan(value)) {
      ASSERT_EQ(floatToBfloat(value), bits);
    }
  }
}

TEST(ElementType, WidenReadsUnaligned) {
  const std::byte bytes[] = {std::byte{0xff}, std::byte{0x80}, std::byte{0x3f},
                             std::byte{0x00}, std::byte{0xc0}};
  float out[2];
  widen(ElementType::BF16, bytes + 1, out);
  EXPECT_EQ(out[0], 1.0f);
  EXPECT_EQ(out[1], -2.0f);
}

} // namespace
