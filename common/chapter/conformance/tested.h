//===- tested.h - The chapter that tests are linked with ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "chapter/chapter.h"

namespace gpt2::testing {

struct Tested {
  const Chapter &chapter;
  const char *kind;    ///< "cpu" or "gpu"
  const char *program; ///< the path of its program
  const char *runner;  ///< and of gpt2-run
  const char *option;  ///< what the program needs to run `chapter`, or ""
};

/// add_chapter_test() in AddChapter.cmake writes one for each.
const Tested &tested();

} // namespace gpt2::testing
