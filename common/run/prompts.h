//===- prompts.h - A file of prompts ------------------------------------===//
#pragma once

#include "run/run.h"

namespace gpt2 {

/// Continues the prompts of --prompts or --prompt-ids, and prints them in their
/// order, each when it and those before it are done; then says what it took.
void continuePrompts(const RunOptions &options, const Checkpoint &checkpoint,
                     Forward &forward, Device &device, const Times &times);

} // namespace gpt2
