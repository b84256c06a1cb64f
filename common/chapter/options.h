//===- options.h - The options of every chapter's program ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "chapter/command_line.h"
#include "support/options.h"

namespace gpt2 {

/// What options say that is not a field of CommandLine as it stands.
struct GivenOptions {
  std::optional<std::string> chips; ///< between commas
  std::optional<std::filesystem::path> cacheDirectory;
  bool noCache = false;
  bool score = false;
  int64_t scoreTokens = 64;
  int64_t scoreCache = 1024; ///< KiB
};

/// The options, which set `line` and `given`; and above them, `chapter`'s name.
OptionTable optionsOf(const Chapter &chapter, CommandLine &line,
                      GivenOptions &given);

} // namespace gpt2
