//===- error.h - What every part of the book throws ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An Error carries one message for the user: which file, which tensor, what was
// expected, what was found, what to do next. `main` prints it and exits with 1.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <functional>
#include <sstream>
#include <stdexcept>
#include <string>

namespace gpt2 {

struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Throws an Error whose message is the arguments streamed one after another.
template <typename... Args> [[noreturn]] void fail(const Args &...args) {
  std::ostringstream message;
  (message << ... << args);
  throw Error(message.str());
}

/// What `run` returns; if it throws, 1, and what went wrong is said on stderr
/// in the name of `program`.
int exitCodeOf(const std::string &program, const std::function<int()> &run);

} // namespace gpt2
