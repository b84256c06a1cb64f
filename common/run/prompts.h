//===- prompts.h - What is to be continued ------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "model/tokenizer/tokenizer.h"
#include "run/run.h"

namespace gpt2 {

/// One text, or many, from the command line or a file: read before anything is
/// compiled, so that what is wrong with them is known at once.
struct Prompts {
  /// None: ids come in, and ids go out.
  std::optional<Tokenizer> tokenizer;
  /// The model's, with what options and tokenizer say of tokens: which end a
  /// text, which begins one, which are never chosen.
  Config config;
  std::vector<std::string> given; ///< texts or ids, as they were
  std::vector<std::vector<int32_t>> tokens;
};

/// The tokenizer that --tokenizer names, or that of the model.
Tokenizer tokenizerFor(const RunOptions &options, const Checkpoint &checkpoint);

/// What a tokenizer says of the tokens of a model that continues its texts:
/// ids that no token has are not to be chosen, and its bos_token begins an
/// empty text if the model's files name none.
void takeTokens(Config &config, const Tokenizer &tokenizer);

/// The tokens of a text, as the options want special ones taken.
std::vector<int32_t> encode(const Tokenizer &tokenizer, std::string_view text,
                            const RunOptions &options);

/// Reads what the options name. Throws an Error if there is nothing, if a text
/// needs a tokenizer and there is none, or if a prompt is none that the model
/// can continue; it names the line of a file.
Prompts readPrompts(const RunOptions &options, const Checkpoint &checkpoint);

/// Continues the prompts of --prompts or --prompt-ids, and prints them in their
/// order, each when it and those before it are done; then says what it took.
void continuePrompts(const RunOptions &options, const Prompts &prompts,
                     Forward &forward, Device &device, const Times &times);

} // namespace gpt2
