//===- tune.h - Better numbers for a schedule, on this machine ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "chapter/build.h"
#include "model/checkpoint/checkpoint.h"

namespace gpt2 {

/// What is to be tuned, and where the result goes.
struct TuneRequest {
  Build build; ///< of the chapter's own schedule or a user's
  int threads = 1;
  double seconds = 0;                   ///< no trial starts later
  std::filesystem::path cacheDirectory; ///< the best schedule goes here
  std::filesystem::path seen;           ///< what was tried, as JSON
};

/// Measures the schedule with other numbers, the options of its knobs:
/// a prompt of 64 tokens and tokens behind it. Keeps the schedule with the best
/// of them, if they beat its own, for later runs, which take it by themselves
/// unless they name a schedule, as this may have done; says on stderr how each
/// did and on stdout what came of it. Throws an Error if the schedule offers no
/// other numbers, or its own do not work.
void tune(const TuneRequest &request, const Checkpoint &checkpoint);

/// Where tune() keeps the best schedule for a program like this: the same
/// schedule, steps, CPU, formats, sizes and number of threads.
std::filesystem::path tunedPath(const Build &build, int threads,
                                const std::filesystem::path &cacheDirectory);

/// The schedule there; none if there is none.
std::optional<std::filesystem::path>
tunedSchedule(const Build &build, int threads,
              const std::filesystem::path &cacheDirectory);

} // namespace gpt2
