//===- tokenizer.h - GPT-2's byte-level byte-pair encoding --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Text is cut into words by a regular expression, each word into bytes, and
// adjacent pieces are merged in the order in which training found the merges
// (Sennrich et al. 2016; over bytes: Radford et al. 2019, section 2.2).
//
//===----------------------------------------------------------------------===//
#pragma once

#include "model/config.h"
#include "model/tokenizer/added_tokens.h"
#include "model/tokenizer/byte_pairs.h"

#include <span>
#include <string_view>
#include <vector>

namespace gpt2 {

struct TokenizerDescription;

/// What "<|endoftext|>" in a text is.
enum class SpecialTokens { AsTokens, AsText };

class Tokenizer {
public:
  /// Opens `path`, which is one of
  ///   a directory with a tokenizer's files (`fromDirectory`)
  ///   a tokenizer.json, which is taken alone, as `tokenizers` takes it
  ///   a .bin file, which is llm.c's (`fromLlmc`)
  /// Throws an Error if there is none, if it does what GPT-2's tokenizer does
  /// not (the message names it), or has more tokens than the model. Without
  /// `config`, as many as there are.
  static Tokenizer open(const std::filesystem::path &path);
  static Tokenizer open(const std::filesystem::path &path,
                        const Config &config);

  /// Reads `directory` as transformers does: tokenizer.json if it is there,
  /// else vocab.json and merges.txt (or encoder.json and vocab.bpe); with them
  /// tokenizer_config.json, or, if that declares no added_tokens_decoder,
  /// special_tokens_map.json and added_tokens.json, too. llm.c's
  /// gpt2_tokenizer.bin if there is nothing else.
  static Tokenizer fromDirectory(const std::filesystem::path &directory,
                                 const Config &config);

  /// Reads llm.c's gpt2_tokenizer.bin, which holds the tokens' bytes; the
  /// merges follow from the tokens' order.
  static Tokenizer fromLlmc(const std::filesystem::path &file,
                            const Config &config);

  /// The ids of `text`, any bytes: special and added tokens where they stand in
  /// it, merged bytes elsewhere, and whatever the files want around a text
  /// (mostly nothing). Bytes that are not UTF-8 are kept: decode(encode(x)) ==
  /// x unless the files have a space or tokens put before the text, or tokens
  /// that take the white space around them.
  std::vector<int32_t>
  encode(std::string_view text,
         SpecialTokens special = SpecialTokens::AsTokens) const;

  /// The bytes of one token or of many. Throws an Error on an id that no token
  /// has.
  std::string_view decode(int32_t id) const;
  std::string decode(std::span<const int32_t> ids) const;

  /// All ids are below this. The model's vocabulary may be larger, and an id
  /// below it may belong to no token.
  int64_t size() const { return static_cast<int64_t>(tokens.size()); }
  bool isKnown(int32_t id) const {
    return id >= 0 && id < size() && !tokens[id].empty();
  }

  /// The ids that the files name as bos_token and eos_token.
  std::optional<int32_t> beginOfText() const { return beginId; }
  std::optional<int32_t> endOfText() const { return endId; }

  Tokenizer(Tokenizer &&) = default; // not copied: `wholeWords` has views
  Tokenizer &operator=(Tokenizer &&) = default;

private:
  Tokenizer() = default;
  explicit Tokenizer(const TokenizerDescription &description);

  /// Takes tokens and merges; tells which ids bytes and merges make.
  std::vector<bool> takeVocabulary(const TokenizerDescription &description);
  void requireAllBytes(const std::string &source) const;
  void encodePart(std::string_view text, std::vector<int32_t> &ids) const;

  int64_t modelVocab = 0;
  std::vector<std::string> tokens; ///< id -> bytes; empty if no token has it
  BytePairs pairs;
  AddedTokens added;
  std::optional<int32_t> beginId, endId;
  std::vector<int32_t> before, after; ///< put around a text
  bool addPrefixSpace = false;
  bool splitSpecialTokens = false; ///< special tokens are always text
  bool wholeParts = false;         ///< no expression cuts the text
  /// Words that are tokens are not merged: word -> id.
  std::unordered_map<std::string_view, int32_t> wholeWords;
};

} // namespace gpt2
