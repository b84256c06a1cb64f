//===- program_test.h - Running a chapter's program ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "chapter/conformance/chapter_test.h"
#include "model/checkpoint/checkpoint.h"
#include "support/files.h"
#include "support/paths.h"

#include <algorithm>
#include <cstring>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

namespace gpt2::testing {

/// The last `count` numbers of a .npy file of f32: all of them.
inline std::vector<float> readLogits(const std::filesystem::path &file,
                                     int64_t count) {
  std::string bytes = readFile(file);
  std::vector<float> logits(static_cast<size_t>(count));
  size_t size = logits.size() * sizeof(float);
  EXPECT_GT(bytes.size(), size);
  if (bytes.size() > size)
    std::memcpy(logits.data(), bytes.data() + bytes.size() - size, size);
  return logits;
}

/// A folder for what the program writes, and its cache in it.
class ProgramRun : public ::testing::Test {
protected:
  TemporaryDirectory directory;

  ProgramResult run(std::vector<std::string> arguments) {
    // In front: behind "--" all is prompt.
    std::string cache = "--cache-dir=" + (directory / "cache").string();
    // A program of both kinds runs on the CPU if it is not told otherwise.
    auto names = [](const std::string &argument) {
      return argument.starts_with("--device=") ||
             argument.starts_with("--chip=");
    };
    if (*tested().option &&
        std::none_of(arguments.begin(), arguments.end(), names))
      arguments.insert(arguments.begin(), tested().option);
    arguments.insert(arguments.begin(), cache);
    if (isInputGiven)
      return runProgram("/bin/sh", shellLine(arguments));
    return runProgram(tested().program, arguments);
  }

  /// The same, with `text` coming from stdin.
  ProgramResult runWith(const std::string &text,
                        std::vector<std::string> arguments) {
    writeFile(directory / "stdin", {text});
    isInputGiven = true;
    ProgramResult result = run(std::move(arguments));
    isInputGiven = false;
    return result;
  }

  /// The one line that a failure prints; nothing may come out before it.
  std::string errorOf(std::vector<std::string> arguments) {
    ProgramResult result = run(std::move(arguments));
    EXPECT_EQ(result.exitCode, 1) << result.err;
    EXPECT_EQ(result.out, "");
    size_t at = result.err.find("error: ");
    return at == std::string::npos ? result.err : result.err.substr(at);
  }

  std::string ids(const std::string &text) {
    writeFile(directory / "ids.txt", {text});
    return "--token-ids=" + (directory / "ids.txt").string();
  }

private:
  std::vector<std::string> shellLine(std::vector<std::string> arguments) {
    std::vector<std::string> line = {
        "-c", "exec \"$0\" \"$@\" <" + (directory / "stdin").string(),
        tested().program};
    line.insert(line.end(), arguments.begin(), arguments.end());
    return line;
  }

  bool isInputGiven = false;
};

} // namespace gpt2::testing
