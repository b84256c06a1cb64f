//===- tokenizer.h - GPT-2's byte-level byte-pair encoding --------------===//
//
// Text is cut into words by a regular expression, each word into bytes, and
// adjacent pieces are merged in the order in which training found the merges
// (Sennrich et al. 2016; over bytes: Radford et al. 2019, section 2.2).
//
//===----------------------------------------------------------------------===//
#pragma once

#include "model/config.h"

#include <memory>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace gpt2 {

class WordSplitter;

class Tokenizer {
public:
  /// Reads encoder.json (or vocab.json) and vocab.bpe (or merges.txt) in
  /// `directory`. Throws an Error if a file is missing, an id is doubled or out
  /// of range, a byte has no token, a merge names an unknown symbol, or the
  /// vocabulary is not `config`'s.
  static Tokenizer fromDirectory(const std::filesystem::path &directory,
                                 const Config &config);

  /// Reads llm.c's gpt2_tokenizer.bin, which holds the tokens' bytes; the
  /// merges follow from the tokens' order.
  static Tokenizer fromLlmc(const std::filesystem::path &file,
                            const Config &config);

  /// The ids of `text`, any bytes. "<|endoftext|>" in the text is the special
  /// token. Bytes that are not UTF-8 are kept: decode(encode(x)) == x.
  std::vector<int32_t> encode(std::string_view text) const;

  /// The bytes of one token or of many. Throws an Error on an unknown id.
  std::string_view decode(int32_t id) const;
  std::string decode(std::span<const int32_t> ids) const;

  int64_t size() const { return static_cast<int64_t>(tokens.size()); }
  int32_t endOfText() const { return endOfTextId; }

  Tokenizer(Tokenizer &&) noexcept;
  ~Tokenizer();

private:
  struct Merge {
    int32_t rank, result;
  };

  Tokenizer(std::vector<std::string> tokens, int32_t endOfText,
            const std::string &source);

  static uint64_t pairKey(int32_t left, int32_t right);
  void addMerge(int32_t left, int32_t right, int32_t result);
  void encodeWord(std::string_view word, std::vector<int32_t> &ids) const;

  std::vector<std::string> tokens; ///< id -> bytes
  int32_t endOfTextId;
  int32_t byteIds[256];
  std::unordered_map<uint64_t, Merge> merges; ///< (left, right) ids
  std::unique_ptr<WordSplitter> splitter;
};

} // namespace gpt2
