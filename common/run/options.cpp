//===- options.cpp - The options of whatever runs a model ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "run/options.h"

using namespace gpt2::categories;

namespace gpt2 {

std::vector<Option> runOptions(RunOptions &run) {
  Setter context = {[&run](std::string_view, const std::string &text) {
                      run.context = contextPolicy(text);
                    },
                    "stop"};
  SamplerOptions &sampler = run.sampler;
  return {
      {"model", "path",
       "Directory with config.json and model.safetensors, .safetensors or "
       "llm.c .bin file, the name of a model that ./tutorial fetch has "
       "downloaded (gpt2), or random-124m (default: the embedded model)",
       into(run.model), input},
      {"tokenizer", "path",
       "A folder with a tokenizer's files, a tokenizer.json, or llm.c's .bin "
       "file (default: what lies beside the model)",
       into(run.tokenizer), input},
      {"no-special", "",
       "Take <|endoftext|> and other special tokens in prompts as text",
       switching(run.noSpecial, true), input},
      {"token-ids", "file",
       "The prompt as token ids, one a line; the output is ids too. \"-\" is "
       "stdin, here and for every text that is read",
       reading(into(run.tokenIds)), input},
      {"max-new-tokens", "n", "Stop after n tokens (default {})",
       into(run.maxNewTokens), input},
      {"temperature", "t", "Divide logits by t; 0 is greedy (default {})",
       into(sampler.temperature), sampling},
      {"greedy", "", "Always the most likely token",
       switching(sampler.temperature, 0.0), sampling, "temperature"},
      {"top-k", "k", "Choose among the k most likely; 0 is all (default {})",
       into(sampler.topK), sampling},
      {"top-p", "p",
       "Choose among the most likely that together reach probability p "
       "(default {}: all)",
       into(sampler.topP), sampling},
      {"seed", "n", "Of the random numbers (default {})", into(sampler.seed),
       sampling},
      {"context", "policy",
       "When the model's context is full: stop, or slide: go on behind the "
       "newest half of it, which is computed again as if it were all, also "
       "where a prompt is longer (default {})",
       context, input},
      {"prefill", "n", "Take the prompt n tokens at a time (default: at once)",
       into(run.prefill), input},
      {"prompts", "file", "Continue many prompts, one a line",
       reading(into(run.prompts)), input},
      {"prompt-ids", "file",
       "As --prompts, as ids with blanks between them; the output is ids too",
       reading(into(run.promptIds)), input},
      {"batch", "n", "So many of these at once, in one step (default {})",
       into(run.batch), input},
      {"ignore-end", "", "Go on where the model ends its text",
       switching(run.ignoreEnd, true), input},
      {"warm-up", "", "Run the prompt once before, untimed",
       switching(run.warmUp, true), looking},
      {"profile", "", "Also print how long each kernel took",
       switching(run.profile, true), looking},
      {"no-graphs", "",
       "On a GPU, launch every kernel of every step anew, instead of recording "
       "a step that repeats and replaying it",
       switching(run.graphs, false), machine},
      {"dump-logits", "file.npy",
       "Write the f32 logits after the last of --token-ids, and stop",
       into(run.dumpLogits), looking},
      {"all-positions", "", "With --dump-logits: after every token",
       switching(run.allPositions, true), looking}};
}

} // namespace gpt2
