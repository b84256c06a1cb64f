//===- prompts.cpp - What is to be continued ----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "run/prompts.h"
#include "run/batch.h"
#include "support/error.h"
#include "support/files.h"
#include "support/json_file.h"
#include "support/numbers.h"
#include "support/output.h"

#include <iostream>
#include <sstream>

namespace gpt2 {
namespace {

std::vector<int32_t> parseIds(const std::string &line,
                              const std::string &where) {
  std::istringstream words(line);
  std::vector<int32_t> ids;
  for (std::string word; words >> word;) {
    std::optional<int32_t> id = numberFrom<int32_t>(word);
    if (!id)
      fail(where, ": \"", word,
           "\" is not a token id; expected whole numbers with blanks "
           "between them");
    ids.push_back(*id);
  }
  return ids;
}

/// Makes `ids` a prompt, and says on stderr what had to be done for that.
void fit(std::vector<int32_t> &ids, const Config &config, ContextPolicy context,
         const std::string &where) {
  std::string note = preparePrompt(ids, config, context);
  if (!note.empty())
    std::cerr << where << note << "\n";
}

/// Takes the prompts of a file, one a line.
void readFileOfPrompts(const RunOptions &options, Prompts &prompts) {
  const std::filesystem::path &file =
      options.prompts ? *options.prompts : *options.promptIds;
  std::string text = readInput(file);
  for (std::string_view line : linesOf(text)) {
    prompts.given.emplace_back(line);
    std::string where =
        nameOfInput(file) + ":" + std::to_string(prompts.given.size());
    std::vector<int32_t> ids = prompts.tokenizer
                                   ? encode(*prompts.tokenizer, line, options)
                                   : parseIds(prompts.given.back(), where);
    try {
      fit(ids, prompts.config, options.context, where + ": ");
    } catch (const Error &error) {
      fail(where, ": ", error.what());
    }
    prompts.tokens.push_back(std::move(ids));
  }
  if (prompts.given.empty())
    fail(nameOfInput(file), ": no prompts; expected one a line");
}

/// A prompt and what came of it, as it was given: text or ids.
std::string continued(const Prompts &prompts, size_t index,
                      const Generation &generation) {
  std::string text = prompts.given[index];
  for (int32_t id : generation.tokens)
    if (prompts.tokenizer)
      text += prompts.tokenizer->decode(id);
    else
      text += " " + std::to_string(id);
  return text + (prompts.tokenizer ? "\n\n" : "\n");
}

} // namespace

Tokenizer tokenizerFor(const RunOptions &options,
                       const Checkpoint &checkpoint) {
  return options.tokenizer
             ? Tokenizer::open(*options.tokenizer, checkpoint.config())
             : checkpoint.loadTokenizer();
}

void takeTokens(Config &config, const Tokenizer &tokenizer) {
  for (int32_t id = 0; id < config.vocab; ++id)
    if (!tokenizer.isKnown(id))
      config.unusedTokens.push_back(id);
  if (!config.beginOfText)
    config.beginOfText = tokenizer.beginOfText();
}

std::vector<int32_t> encode(const Tokenizer &tokenizer, std::string_view text,
                            const RunOptions &options) {
  return tokenizer.encode(text, options.noSpecial ? SpecialTokens::AsText
                                                  : SpecialTokens::AsTokens);
}

Prompts readPrompts(const RunOptions &options, const Checkpoint &checkpoint) {
  Prompts prompts;
  Config &config = prompts.config;
  config = checkpoint.config();
  if (options.ignoreEnd)
    config.endOfText.clear();
  if (options.dumpLogits) {
    prompts.tokens.push_back(idsOf(options, config));
    return prompts;
  }
  if (!options.tokenIds && !options.promptIds) {
    prompts.tokenizer.emplace(tokenizerFor(options, checkpoint));
    takeTokens(config, *prompts.tokenizer);
  }
  if (options.prompts || options.promptIds) {
    readFileOfPrompts(options, prompts);
    return prompts;
  }
  std::string text = options.prompt.value_or("");
  std::vector<int32_t> ids = prompts.tokenizer
                                 ? encode(*prompts.tokenizer, text, options)
                                 : readTokenIds(*options.tokenIds);
  fit(ids, config, options.context, "");
  prompts.given.push_back(text);
  prompts.tokens.push_back(std::move(ids));
  return prompts;
}

void continuePrompts(const RunOptions &options, const Prompts &prompts,
                     Forward &forward, Device &device, const Times &times) {
  if (options.profile)
    device.startTiming();
  std::vector<std::optional<Generation>> done(prompts.tokens.size());
  size_t printed = 0;
  BatchOptions batch{static_cast<size_t>(options.batch), options.maxNewTokens,
                     options.context, options.sampler};
  BatchTimes took =
      continueAll(forward, prompts.config, prompts.tokens, batch,
                  [&](size_t index, const Generation &generation) {
                    done[index] = generation;
                    for (; printed < done.size() && done[printed]; ++printed)
                      print(continued(prompts, printed, *done[printed]));
                  });
  times.print(took);
  if (options.profile)
    std::cerr << describe(device.times(), static_cast<size_t>(took.steps));
  if (options.report)
    writeJson(*options.report, times.toJson(took));
}

} // namespace gpt2
