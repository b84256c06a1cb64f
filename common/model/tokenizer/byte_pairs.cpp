//===- byte_pairs.cpp - Merging bytes into tokens -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "model/tokenizer/byte_pairs.h"

#include <algorithm>
#include <functional>

namespace gpt2 {

BytePairs::BytePairs() : slots(16, {-1, -1, noRank, -1}), shift(60) {
  std::fill(std::begin(byteIds), std::end(byteIds), -1);
}

int BytePairs::missingByte() const {
  auto missing = std::find(std::begin(byteIds), std::end(byteIds), -1);
  return missing == std::end(byteIds)
             ? -1
             : static_cast<int>(missing - std::begin(byteIds));
}

/// Where the pair is, or would be: Fibonacci hashing, then the next free slot.
size_t BytePairs::slotOf(int32_t left, int32_t right) const {
  uint64_t key =
      static_cast<uint64_t>(left) << 32 | static_cast<uint32_t>(right);
  size_t slot = (key * 0x9E3779B97F4A7C15) >> shift;
  while (slots[slot].left >= 0 &&
         (slots[slot].left != left || slots[slot].right != right))
    slot = (slot + 1) & (slots.size() - 1);
  return slot;
}

void BytePairs::grow() {
  std::vector<Merge> old(slots.size() * 2, {-1, -1, noRank, -1});
  old.swap(slots);
  --shift;
  for (const Merge &merge : old)
    if (merge.left >= 0)
      slots[slotOf(merge.left, merge.right)] = merge;
}

void BytePairs::addMerge(int32_t left, int32_t right, int32_t result) {
  if (static_cast<size_t>(used) * 2 >= slots.size())
    grow();
  Merge &slot = slots[slotOf(left, right)];
  used += slot.left < 0;
  slot = {left, right, added++, result};
}

void BytePairs::encode(std::string_view word, std::vector<int32_t> &ids) const {
  if (word.size() <= 64)
    encodeShort(word, ids);
  else
    encodeLong(word, ids);
}

/// All ranks side by side, searched anew for each merge: quadratic, and the
/// fastest for words as people write them.
void BytePairs::encodeShort(std::string_view word,
                            std::vector<int32_t> &ids) const {
  int32_t pieces[64], ranks[65]; // ranks[i] is that of pieces i, i + 1
  size_t count = word.size();
  for (size_t i = 0; i < count; ++i)
    pieces[i] = byteIds[static_cast<unsigned char>(word[i])];
  for (size_t i = 0; i + 1 < count; ++i)
    ranks[i] = rankOf(pieces[i], pieces[i + 1]);
  while (count > 1) {
    auto best =
        static_cast<size_t>(std::min_element(ranks, ranks + count - 1) - ranks);
    if (ranks[best] == noRank)
      break;
    pieces[best] = slots[slotOf(pieces[best], pieces[best + 1])].result;
    std::copy(pieces + best + 2, pieces + count, pieces + best + 1);
    std::copy(ranks + best + 1, ranks + count - 1, ranks + best);
    --count;
    if (best > 0)
      ranks[best - 1] = rankOf(pieces[best - 1], pieces[best]);
    if (best + 1 < count)
      ranks[best] = rankOf(pieces[best], pieces[best + 1]);
  }
  ids.insert(ids.end(), pieces, pieces + count);
}

/// A heap of pairs, by rank and then position, over a linked list of pieces. A
/// pair whose pieces have been merged meanwhile is passed over as it comes out.
void BytePairs::encodeLong(std::string_view word,
                           std::vector<int32_t> &ids) const {
  struct Piece {
    int32_t id, rank; ///< of the pair that begins here
    int32_t previous, next;
  };
  auto count = static_cast<int32_t>(word.size());
  std::vector<Piece> pieces(word.size());
  for (int32_t i = 0; i < count; ++i)
    pieces[i] = {byteIds[static_cast<unsigned char>(word[i])], noRank, i - 1,
                 i + 1 < count ? i + 1 : -1};

  std::vector<uint64_t> heap; // rank << 32 | position
  auto consider = [&](int32_t at) {
    Piece &left = pieces[at];
    left.rank = left.next < 0 ? noRank : rankOf(left.id, pieces[left.next].id);
    if (left.rank == noRank)
      return false;
    heap.push_back(static_cast<uint64_t>(left.rank) << 32 |
                   static_cast<uint32_t>(at));
    return true;
  };
  for (int32_t i = 0; i < count; ++i)
    consider(i);
  std::make_heap(heap.begin(), heap.end(), std::greater<>());
  while (!heap.empty()) {
    std::pop_heap(heap.begin(), heap.end(), std::greater<>());
    auto at = static_cast<int32_t>(heap.back() & 0xFFFFFFFF);
    auto rank = static_cast<int32_t>(heap.back() >> 32);
    heap.pop_back();
    Piece &left = pieces[at];
    if (left.rank != rank)
      continue;
    Piece &right = pieces[left.next];
    left.id = slots[slotOf(left.id, right.id)].result;
    right.rank = noRank;
    left.next = right.next;
    if (left.next >= 0)
      pieces[left.next].previous = at;
    for (int32_t changed : {left.previous, at})
      if (changed >= 0 && consider(changed))
        std::push_heap(heap.begin(), heap.end(), std::greater<>());
  }
  for (int32_t i = 0; i >= 0 && i < count; i = pieces[i].next)
    ids.push_back(pieces[i].id);
}

} // namespace gpt2
