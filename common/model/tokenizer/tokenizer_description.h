//===- tokenizer_description.h - What a tokenizer's files say -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "model/tokenizer/added_tokens.h"
#include "support/json_file.h"

#include <filesystem>

namespace gpt2 {

/// All that files say of a tokenizer, before it is known to fit together.
struct TokenizerDescription {
  std::string source; ///< the vocabulary's file, for errors
  int64_t limit;      ///< the model's vocabulary
  std::unordered_map<std::string, int32_t> vocab; ///< symbol -> id

  struct Merge {
    std::string left, right; ///< symbols
    int64_t place;           ///< line, or number in its list
  };
  std::vector<Merge> merges;
  std::string mergesSource; ///< what stands before a merge's place in errors

  std::vector<AddedToken> added; ///< in the order in which they get their ids
  std::optional<std::string> beginOfText, endOfText; ///< contents
  bool addBeginOfText = false, addEndOfText = false;
  std::vector<int32_t> before, after; ///< put around a text
  bool addPrefixSpace = false;
  bool splitSpecialTokens = false;
  bool ignoreMerges = false; ///< for words that are tokens
  bool wholeParts = false;   ///< no expression cuts the text

  /// Adds a merge written as "left right". Throws an Error if it is not.
  void addMerge(std::string_view merge, int64_t place);
  /// Adds a token of the vocabulary. Throws an Error if `id` is not one.
  void addToken(std::string symbol, const nlohmann::json &id);
};

/// A token as tokenizer.json and its companions write one: its content, or an
/// object with content and flags. Throws an Error that names `where`.
AddedToken readAddedToken(const nlohmann::json &value,
                          const std::string &where);

/// Reads tokenizer.json into `description`. Throws an Error that names what is
/// not done as GPT-2's tokenizer does it. `alone`: its pre-tokenizer counts;
/// for GPT2Tokenizer it does not, but is looked at.
void readTokenizerJson(const std::filesystem::path &file, bool alone,
                       TokenizerDescription &description);

/// What stands beside the vocabulary in a directory.
struct TokenizerSettings {
  /// GPT2Tokenizer, for which much is fixed, or one that does what
  /// tokenizer.json says.
  bool isGpt2Class = true;
  bool addPrefixSpace = false, splitSpecialTokens = false;
  bool addBeginOfText = false, addEndOfText = false;
  std::optional<std::string> beginOfText, endOfText;
  std::vector<AddedToken> named;    ///< bos_token, eos_token and so on
  std::vector<AddedToken> extra;    ///< extra_special_tokens
  std::vector<AddedToken> declared; ///< with ids, in their order
  /// `declared` is tokenizer_config.json's and so holds all added tokens.
  bool declaresAll = false;
};

/// Reads tokenizer_config.json, special_tokens_map.json and added_tokens.json,
/// as far as they are in `directory`, in the manner of transformers 5.
TokenizerSettings readTokenizerSettings(const std::filesystem::path &directory);

/// The added tokens of both, in the order in which transformers adds them.
void addTokens(const TokenizerSettings &settings,
               TokenizerDescription &description);

} // namespace gpt2
