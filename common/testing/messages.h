//===- messages.h - What an Error says ----------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "support/error.h"

#include <string>

namespace gpt2::testing {

/// The message of the Error that `function` throws; "no error" if none.
template <typename Function> std::string messageOf(Function function) {
  try {
    function();
  } catch (const Error &error) {
    return error.what();
  }
  return "no error";
}

} // namespace gpt2::testing
