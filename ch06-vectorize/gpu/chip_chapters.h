//===- chip_chapters.h - The chapter for a chip, for its tests ----------===//
#pragma once

#include "chapter/conformance/chapter_test.h"

namespace gpt2::testing {

inline Chapter chapterFor(const std::string &chip,
                          ElementType weights = ElementType::BF16,
                          ElementType cache = ElementType::F32) {
  Chapter chapter = tested().chapter;
  chapter.gpu = GpuTarget::of(chip);
  chapter.weights = weights;
  chapter.cache = cache;
  return chapter;
}

/// PTX or GCN.
inline std::string assemblyFor(const std::string &chip, ElementType weights,
                               const Config &config = {}) {
  bool isNvidia = chip.starts_with("sm_");
  return emit(compileRequest(chapterFor(chip, weights), sizesOf(config)),
              isNvidia ? "ptx" : "amdgcn");
}

} // namespace gpt2::testing
