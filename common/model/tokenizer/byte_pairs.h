//===- byte_pairs.h - Merging bytes into tokens -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace gpt2 {

/// The merges that training found, in its order, and what they make of a word.
class BytePairs {
public:
  BytePairs();

  /// The token that is `byte` alone, and that token's id.
  void setByte(unsigned char byte, int32_t id) { byteIds[byte] = id; }
  /// A byte that no token is, or -1 if there is none.
  int missingByte() const;

  /// The pair of tokens `left`, `right` becomes `result`, after all pairs that
  /// were added before it. A pair that is added again counts as the last one.
  void addMerge(int32_t left, int32_t right, int32_t result);

  /// Appends the ids of `word`: the pair of lowest rank is merged, leftmost
  /// first, until none is left. n log n for words of any length.
  void encode(std::string_view word, std::vector<int32_t> &ids) const;

private:
  struct Merge {
    int32_t left, right, rank, result; ///< left is -1 in a free slot
  };
  static constexpr int32_t noRank = INT32_MAX;

  size_t slotOf(int32_t left, int32_t right) const;
  void grow();
  int32_t rankOf(int32_t left, int32_t right) const {
    return slots[slotOf(left, right)].rank;
  }
  void encodeShort(std::string_view word, std::vector<int32_t> &ids) const;
  void encodeLong(std::string_view word, std::vector<int32_t> &ids) const;

  int32_t byteIds[256];
  std::vector<Merge> slots; ///< a hash table with open addressing
  int32_t used = 0, added = 0;
  int shift;
};

} // namespace gpt2
