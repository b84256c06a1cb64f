//===- command_line.h - The options every chapter's program takes -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "chapter/model.h"
#include "chapter/serve_chapter.h"
#include "run/run.h"

namespace gpt2 {

/// What the user asked for.
struct CommandLine : RunOptions {
  explicit CommandLine(const Chapter &chapter) : build(chapter) {}

  ProgramOptions program;
  Build build;             ///< as these want it, for no model yet
  std::string compareWith; ///< an earlier chapter, or "reference"; empty: run
  std::optional<std::filesystem::path> aot, aotKernels;
  std::vector<GpuTarget> aotChips;
  /// Keeps the file of the schedule, if it is a copy.
  std::shared_ptr<const void> scheduleCopy;
  std::string emit;      ///< empty: run
  int64_t score = 0;     ///< tokens of the prompt to score; 0: run
  double scoreCache = 0; ///< bytes
  std::string explain;   ///< a kernel's name; empty: run
  std::optional<std::filesystem::path> loss; ///< of this text
  std::optional<std::filesystem::path> tune; ///< what was seen goes there
  double tuneSeconds = 120;
  ServeOptions serve;
  bool describe = false;
  bool verbose = false;
  /// An MLIR option that shows passes at work was given.
  bool showsPasses = false;
};

/// Parses the command line, for which LLVM's option parser prints --help and
/// complains of unknown options itself. Throws an Error if options contradict
/// each other or ask for what `chapter` cannot do.
CommandLine parseCommandLine(const Chapter &chapter, int argc, char **argv);

/// Applies MLIR's own options (--mlir-timing, ...) to a pass manager.
void applyMlirOptions(mlir::PassManager &pm);

} // namespace gpt2
