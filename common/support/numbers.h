//===- numbers.h - Numbers as users write them --------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// In options and in files of token ids, everywhere alike: decimal, and nothing
// around them. What does not fit is refused, never cut.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "support/error.h"

#include <charconv>
#include <cmath>
#include <optional>
#include <string_view>
#include <type_traits>

namespace gpt2 {

/// The number that `text` is, all of it; nothing if it is none, is not finite,
/// or does not fit in T. Then `isTooLarge`, if given, says whether that was
/// the reason.
template <typename T>
std::optional<T> numberFrom(std::string_view text, bool *isTooLarge = nullptr) {
  T value{};
  const char *last = text.data() + text.size();
  auto [end, error] = std::from_chars(text.data(), last, value);
  bool isWhole = end == last && !text.empty();
  if (isTooLarge)
    *isTooLarge = isWhole && error == std::errc::result_out_of_range;
  if (!isWhole || error != std::errc())
    return std::nullopt;
  if constexpr (std::is_floating_point_v<T>)
    if (!std::isfinite(value))
      return std::nullopt;
  return value;
}

/// What numberFrom() misses in `text`: "expected a whole number".
template <typename T> const char *whatIsWrongWith(std::string_view text) {
  bool isTooLarge = false;
  (void)numberFrom<T>(text, &isTooLarge);
  if (isTooLarge)
    return "the number does not fit";
  if constexpr (std::is_floating_point_v<T>)
    return "expected a number";
  else if constexpr (std::is_unsigned_v<T>)
    return "expected a whole number, 0 or more";
  else
    return "expected a whole number";
}

/// The number that --`option`=`text` gives. Throws an Error if it is none.
template <typename T>
T numberOf(std::string_view option, std::string_view text) {
  if (std::optional<T> value = numberFrom<T>(text))
    return *value;
  fail("--", option, "=", text, ": ", whatIsWrongWith<T>(text));
}

} // namespace gpt2
