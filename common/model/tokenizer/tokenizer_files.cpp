//===- tokenizer_files.cpp - Which files make a tokenizer ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "model/tokenizer/tokenizer.h"
#include "model/tokenizer/tokenizer_description.h"
#include "support/error.h"
#include "support/mapped_file.h"

namespace gpt2 {
namespace {

namespace fs = std::filesystem;

constexpr int64_t mostTokens = 1 << 22; // as in Config::validate

/// vocab.json: symbol -> id.
void readVocabulary(const fs::path &file, TokenizerDescription &description) {
  description.source = file.string();
  auto take = [&, symbol = std::string()](int depth,
                                          nlohmann::json::parse_event_t event,
                                          nlohmann::json &parsed) mutable {
    if (depth != 1)
      return true;
    if (event == nlohmann::json::parse_event_t::key)
      symbol = parsed.get<std::string>();
    else
      description.addToken(std::move(symbol), parsed);
    return event != nlohmann::json::parse_event_t::key;
  };
  readJsonObject(file, take);
}

/// merges.txt: "left right" in each line, and "#version" in the first.
void readMerges(const fs::path &path, TokenizerDescription &description) {
  description.mergesSource = path.string() + ":";
  MappedFile file(path);
  std::string_view text(reinterpret_cast<const char *>(file.data()),
                        file.size());
  for (int64_t line = 1; !text.empty(); ++line) {
    std::string_view merge = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), merge.size() + 1));
    if (merge.ends_with('\r'))
      merge.remove_suffix(1);
    if (!merge.empty() && !merge.starts_with("#version"))
      description.addMerge(merge, line);
  }
}

/// The first of `names` that is in `directory`, or nothing.
std::optional<fs::path> firstOf(const fs::path &directory,
                                std::initializer_list<const char *> names) {
  for (const char *name : names)
    if (fs::exists(directory / name))
      return directory / name;
  return std::nullopt;
}

TokenizerDescription describeDirectory(const fs::path &directory,
                                       int64_t limit) {
  TokenizerDescription description;
  description.limit = limit;
  TokenizerSettings settings = readTokenizerSettings(directory);
  if (fs::exists(directory / "tokenizer.json")) {
    readTokenizerJson(directory / "tokenizer.json", !settings.isGpt2Class,
                      description);
  } else {
    auto vocabulary = firstOf(directory, {"vocab.json", "encoder.json"});
    auto merges = firstOf(directory, {"merges.txt", "vocab.bpe"});
    if (!vocabulary || !merges)
      fail(directory.string(),
           ": no tokenizer here; expected tokenizer.json, "
           "or vocab.json and merges.txt",
           vocabulary ? " (merges.txt is missing)"
           : merges   ? " (vocab.json is missing)"
                      : "");
    if (!settings.isGpt2Class)
      fail(
          directory.string(),
          ": \"tokenizer_class\" is for a tokenizer.json, and that is missing");
    readVocabulary(*vocabulary, description);
    readMerges(*merges, description);
    // tokenizer.json says this by its post-processor.
    description.addBeginOfText = settings.addBeginOfText;
    description.addEndOfText = settings.addEndOfText;
  }
  if (settings.isGpt2Class)
    description.addPrefixSpace = settings.addPrefixSpace;
  description.splitSpecialTokens = settings.splitSpecialTokens;
  description.beginOfText = settings.beginOfText;
  description.endOfText = settings.endOfText;
  addTokens(settings, description);
  return description;
}

} // namespace

Tokenizer Tokenizer::fromDirectory(const fs::path &directory,
                                   const Config &config) {
  fs::path llmc = directory / "gpt2_tokenizer.bin";
  if (fs::exists(llmc) &&
      !firstOf(directory, {"tokenizer.json", "vocab.json", "encoder.json"}))
    return fromLlmc(llmc, config);
  return Tokenizer(describeDirectory(directory, config.vocab));
}

Tokenizer Tokenizer::open(const fs::path &path, const Config &config) {
  if (!fs::exists(path))
    fail(path.string(),
         ": no tokenizer here; expected a folder with tokenizer.json, or with "
         "vocab.json and merges.txt, a tokenizer.json, or llm.c's "
         "gpt2_tokenizer.bin");
  if (fs::is_directory(path))
    return fromDirectory(path, config);
  if (path.extension() == ".bin")
    return fromLlmc(path, config);
  if (path.extension() != ".json")
    fail(path.string(), ": expected a folder, a tokenizer.json, or llm.c's "
                        "gpt2_tokenizer.bin");
  TokenizerDescription description;
  description.limit = config.vocab;
  readTokenizerJson(path, true, description);
  return Tokenizer(description);
}

Tokenizer Tokenizer::open(const fs::path &path) {
  Config config;
  config.vocab = mostTokens;
  return open(path, config);
}

} // namespace gpt2
