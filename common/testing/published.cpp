//===- published.cpp - What others say that GPT-2 writes ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The ids are those that the tests of Hugging Face's transformers expect of the
// public checkpoints, without sampling: test_lm_generate_gpt2 in
// tests/models/gpt2/test_modeling_gpt2.py and, for the distilled model,
// test_lm_generate_distilgpt2, which earlier versions of that file have.
//
//===----------------------------------------------------------------------===//
#include "model/checkpoint/model_cache.h"
#include "support/error.h"
#include "testing/test_models.h"

#include <cstdlib>

namespace gpt2::testing {

const std::vector<Published> &publishedTexts() {
  static const std::vector<Published> texts = {
      {"gpt2",
       "GPT2_MODEL_DIR",
       "The dog",
       " was found in a field near the intersection of West and West Streets."
       "\n\nThe dog",
       {464, 3290, 373, 1043, 287,   257, 2214, 1474, 262, 16246,
        286, 2688, 290, 2688, 27262, 13,  198,  198,  464, 3290}},
      {"distilgpt2",
       "DISTILGPT2_MODEL_DIR",
       "The president",
       " of the United States, and the president of the United Kingdom, have "
       "been in the White",
       {464, 1893, 286,  262,  1578, 1829, 11,  290, 262, 1893,
        286, 262,  1578, 7526, 11,   423,  587, 287, 262, 2635}}};
  return texts;
}

std::optional<std::filesystem::path> whereIs(const Published &published) {
  if (const char *folder = std::getenv(published.folder))
    return folder;
  try {
    return findPublicModel(published.model);
  } catch (const Error &) {
    return std::nullopt;
  }
}

} // namespace gpt2::testing
