//===- test_files.h - Temporary folders, and programs run in them -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace gpt2::testing {

/// A folder that disappears with the object.
class TemporaryDirectory {
public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  std::filesystem::path operator/(const std::string &name) const {
    return path / name;
  }

  const std::filesystem::path path;
};

struct ProgramResult {
  int exitCode; ///< -signal if one ended it
  std::string out, err;
};

/// Runs `program` with `arguments` and waits for it.
ProgramResult runProgram(const std::string &program,
                         const std::vector<std::string> &arguments);

/// The message of the gpt2::Error that `call` throws; fails the test if none.
template <typename Call> std::string errorOf(Call call);

/// Data beyond the repository (GPT-2's own tokenizer, recorded logits), if the
/// environment variable GPT2_TEST_DATA names such a folder; else empty.
std::filesystem::path externalData();

} // namespace gpt2::testing

#include "support/error.h"
#include <gtest/gtest.h>

template <typename Call> std::string gpt2::testing::errorOf(Call call) {
  try {
    call();
  } catch (const Error &error) {
    return error.what();
  }
  ADD_FAILURE() << "expected an Error";
  return "";
}
