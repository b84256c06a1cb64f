//===- numbers_test.cpp - Whole numbers or none -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "support/numbers.h"
#include "testing/messages.h"

#include <gmock/gmock.h>

using namespace gpt2;
using namespace gpt2::testing;

namespace {

TEST(Numbers, AreAllOfTheText) {
  EXPECT_EQ(numberFrom<int64_t>("-12"), -12);
  EXPECT_EQ(numberFrom<int64_t>("010"), 10);
  EXPECT_EQ(numberFrom<uint64_t>("18446744073709551615"), UINT64_MAX);
  EXPECT_EQ(numberFrom<double>("1e-3"), 1e-3);
  EXPECT_EQ(numberFrom<double>("0"), 0);
  for (const char *text : {"", " 1", "1 ", "1x", "0x10", "1,5", "--1", "one"}) {
    EXPECT_EQ(numberFrom<int>(text), std::nullopt) << text;
    EXPECT_EQ(numberFrom<double>(text), std::nullopt) << text;
  }
  EXPECT_EQ(numberFrom<int>("1.5"), std::nullopt);
}

TEST(Numbers, AreNeverCut) {
  EXPECT_EQ(numberFrom<int32_t>("2147483648"), std::nullopt);
  EXPECT_EQ(numberFrom<uint64_t>("-1"), std::nullopt);
  EXPECT_EQ(numberFrom<uint64_t>("18446744073709551616"), std::nullopt);
  for (const char *text : {"nan", "inf", "-inf", "1e400"})
    EXPECT_EQ(numberFrom<double>(text), std::nullopt) << text;
}

TEST(Numbers, SayWhatIsWrong) {
  auto error = [](auto number, const char *text) {
    return messageOf([&] { numberOf<decltype(number)>("seed", text); });
  };
  EXPECT_EQ(error(uint64_t{}, "-1"),
            "--seed=-1: expected a whole number, 0 or more");
  EXPECT_EQ(error(int{}, "1.5"), "--seed=1.5: expected a whole number");
  EXPECT_EQ(error(double{}, ""), "--seed=: expected a number");
  EXPECT_EQ(error(int{}, "99999999999"),
            "--seed=99999999999: the number does not fit");
}

} // namespace
