//===- chip_builds.h - The chapter's program for a chip, for its tests --===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "chapter/conformance/chapter_test.h"

namespace gpt2::testing {

/// For no model yet.
inline Build buildFor(const std::string &chip,
                      ElementType weights = ElementType::BF16,
                      ElementType cache = ElementType::F32) {
  Build build(tested().chapter);
  build.target.gpu = GpuTarget::of(chip);
  build.formats = {.weights = weights, .cache = cache};
  return build;
}

/// PTX or GCN.
inline std::string assemblyFor(const std::string &chip, ElementType weights,
                               const Config &config = {}) {
  StageKind kernels =
      chip.starts_with("sm_") ? StageKind::Nvvm : StageKind::Rocdl;
  return emit(compileRequest(buildFor(chip, weights).forModel(config)),
              std::string(assemblyOf(kernels)));
}

} // namespace gpt2::testing
