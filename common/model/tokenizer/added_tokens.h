//===- added_tokens.h - Tokens found in text before it is cut -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// "<|endoftext|>" and its like are not made by merges: they are looked for in
// the text as it is, as Hugging Face's `tokenizers` does it.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace gpt2 {

/// The names are those of tokenizer.json.
struct AddedToken {
  std::string content;
  bool special = false;    ///< text, if special tokens are to be taken as text
  bool lstrip = false;     ///< takes the white space before it, too
  bool rstrip = false;     ///< and the one behind it
  bool singleWord = false; ///< only where no letter or digit touches it
  /// Looked for after those that are not; if nobody says so: unless special.
  std::optional<bool> normalized = std::nullopt;
  int32_t id = -1;        ///< -1: not said
  bool isDefault = false; ///< no file names it; counts if it has an id
};

/// Finds added tokens.
class AddedTokens {
public:
  /// Content that was added before gets the new flags.
  void add(const AddedToken &token);

  /// Part of a text: the added token `id`, or text to be cut if that is -1.
  struct Part {
    int32_t id;
    std::string_view text;
  };

  /// The parts of `text`, in order; none is empty. Of the tokens that begin at
  /// one place the longest is taken, and of those that overlap the first.
  std::vector<Part> split(std::string_view text, bool specialAsText) const;

  std::span<const AddedToken> all() const { return tokens; }

private:
  /// Contents as a tree of bytes.
  struct Tree {
    std::unordered_map<uint64_t, uint32_t> edges; ///< (node, byte) -> node
    std::vector<int32_t> tokenAt{-1};             ///< by node; 0 is the root
    bool begins[256] = {};

    /// `token` is a place in `tokens`; -1 takes the content out again.
    void add(std::string_view content, int32_t token);
    /// The longest token with which text begins at `at`, or -1.
    int32_t longest(std::string_view text, size_t at) const;
  };

  void split(std::string_view text, const Tree &tree, bool specialAsText,
             std::vector<Part> &parts) const;

  std::vector<AddedToken> tokens;
  std::unordered_map<std::string, int32_t> places; ///< content -> in tokens
  Tree trees[2]; ///< not normalized, normalized
};

} // namespace gpt2
