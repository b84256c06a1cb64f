//===- prompts.cpp - A file of prompts ----------------------------------===//
#include "run/prompts.h"
#include "model/error.h"
#include "model/files.h"
#include "model/numbers.h"
#include "model/output.h"
#include "model/tokenizer.h"
#include "run/batch.h"

#include <nlohmann/json.hpp>

#include <iostream>
#include <sstream>

namespace gpt2 {
namespace {

class Prompts {
public:
  Prompts(const RunOptions &options, const Checkpoint &checkpoint)
      : file(options.prompts ? *options.prompts : *options.promptIds) {
    if (options.prompts)
      tokenizer.emplace(checkpoint.loadTokenizer());
    std::string text = readInput(file);
    for (std::string_view line : linesOf(text))
      add(std::string(line), checkpoint.config(), options.context);
    if (lines.empty())
      fail(nameOfInput(file), ": no prompts; expected one a line");
  }

  const std::vector<std::vector<int32_t>> &ids() const { return tokens; }

  /// A prompt and what came of it, as it was given: text or ids.
  std::string continued(size_t index, const Generation &generation) const {
    std::string text = lines[index];
    for (int32_t id : generation.tokens)
      text += tokenizer ? tokenizer->decode(id) : " " + std::to_string(id);
    return text + (tokenizer ? "\n\n" : "\n");
  }

private:
  void add(const std::string &line, const Config &config,
           ContextPolicy context) {
    lines.push_back(line);
    std::string where = nameOfInput(file) + ":" + std::to_string(lines.size());
    std::vector<int32_t> &prompt = tokens.emplace_back(
        tokenizer ? tokenizer->encode(line) : parseIds(line, where));
    try {
      if (std::string note = preparePrompt(prompt, config, context);
          !note.empty())
        std::cerr << where << ": " << note << "\n";
    } catch (const Error &error) {
      fail(where, ": ", error.what());
    }
  }

  static std::vector<int32_t> parseIds(const std::string &line,
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

  std::filesystem::path file;
  std::optional<Tokenizer> tokenizer;
  std::vector<std::string> lines;
  std::vector<std::vector<int32_t>> tokens;
};

} // namespace

void continuePrompts(const RunOptions &options, const Checkpoint &checkpoint,
                     Forward &forward, Device &device, const Times &times) {
  Prompts prompts(options, checkpoint);
  Config config = checkpoint.config();
  if (options.ignoreEnd)
    config.endOfText.clear();
  if (options.profile)
    device.startTiming();
  std::vector<std::optional<Generation>> done(prompts.ids().size());
  size_t printed = 0;
  BatchOptions batch{static_cast<size_t>(options.batch), options.maxNewTokens,
                     options.context, options.sampler};
  BatchTimes took =
      continueAll(forward, config, prompts.ids(), batch,
                  [&](size_t index, const Generation &generation) {
                    done[index] = generation;
                    for (; printed < done.size() && done[printed]; ++printed)
                      print(prompts.continued(printed, *done[printed]));
                  });
  times.print(took);
  if (options.profile)
    std::cerr << describe(device.times(), static_cast<size_t>(took.steps));
  if (options.report)
    writeFile(*options.report, {times.toJson(took).dump(2), "\n"});
}

} // namespace gpt2
