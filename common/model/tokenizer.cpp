//===- tokenizer.cpp - Merging bytes into tokens ------------------------===//
#include "model/tokenizer.h"
#include "model/error.h"
#include "model/word_splitter.h"

#include <algorithm>
#include <queue>

namespace gpt2 {
namespace {

constexpr std::string_view endOfTextMark = "<|endoftext|>";

} // namespace

Tokenizer::Tokenizer(std::vector<std::string> bytesOf, int32_t endOfText,
                     const std::string &source)
    : tokens(std::move(bytesOf)), endOfTextId(endOfText),
      splitter(std::make_unique<WordSplitter>()) {
  std::fill(std::begin(byteIds), std::end(byteIds), -1);
  for (size_t id = 0; id < tokens.size(); ++id)
    if (tokens[id].size() == 1 && static_cast<int32_t>(id) != endOfTextId)
      byteIds[static_cast<unsigned char>(tokens[id][0])] =
          static_cast<int32_t>(id);
  for (int byte = 0; byte < 256; ++byte)
    if (byteIds[byte] < 0)
      fail(source, ": no token is the single byte ", byte,
           "; a byte-level vocabulary has all 256");
}

Tokenizer::Tokenizer(Tokenizer &&) noexcept = default;
Tokenizer::~Tokenizer() = default;

uint64_t Tokenizer::pairKey(int32_t left, int32_t right) {
  return static_cast<uint64_t>(left) << 32 | static_cast<uint32_t>(right);
}

void Tokenizer::addMerge(int32_t left, int32_t right, int32_t result) {
  auto rank = static_cast<int32_t>(merges.size());
  merges.try_emplace(pairKey(left, right), Merge{rank, result});
}

/// Merges the pair of lowest rank, leftmost first, until none is left. A heap
/// of candidate pairs over a linked list of pieces: n log n, for words of any
/// length.
void Tokenizer::encodeWord(std::string_view word,
                           std::vector<int32_t> &ids) const {
  struct Piece {
    int32_t id, previous, next; // positions; -1 is none; id -1 is merged away
  };
  struct Candidate {
    int32_t rank, left, leftId, right, rightId;
    bool operator>(const Candidate &other) const {
      return std::tie(rank, left) > std::tie(other.rank, other.left);
    }
  };
  auto count = static_cast<int32_t>(word.size());
  std::vector<Piece> pieces(word.size());
  for (int32_t i = 0; i < count; ++i)
    pieces[i] = {byteIds[static_cast<unsigned char>(word[i])], i - 1,
                 i + 1 < count ? i + 1 : -1};

  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> heap;
  auto consider = [&](int32_t left, int32_t right) {
    if (left < 0 || right < 0)
      return;
    auto merge = merges.find(pairKey(pieces[left].id, pieces[right].id));
    if (merge != merges.end())
      heap.push(
          {merge->second.rank, left, pieces[left].id, right, pieces[right].id});
  };
  for (int32_t i = 0; i + 1 < count; ++i)
    consider(i, i + 1);
  while (!heap.empty()) {
    Candidate best = heap.top();
    heap.pop();
    Piece &left = pieces[best.left], &right = pieces[best.right];
    if (left.id != best.leftId || right.id != best.rightId ||
        left.next != best.right)
      continue; // one of the two has been merged meanwhile
    left.id = merges.at(pairKey(left.id, right.id)).result;
    right.id = -1;
    left.next = right.next;
    if (left.next >= 0)
      pieces[left.next].previous = best.left;
    consider(left.previous, best.left);
    consider(best.left, left.next);
  }
  for (int32_t i = 0; i >= 0 && i < count; i = pieces[i].next)
    ids.push_back(pieces[i].id);
}

std::vector<int32_t> Tokenizer::encode(std::string_view text) const {
  std::vector<int32_t> ids;
  while (true) {
    size_t mark = text.find(endOfTextMark);
    splitter->forEachWord(text.substr(0, mark), [&](std::string_view word) {
      encodeWord(word, ids);
    });
    if (mark == std::string_view::npos)
      return ids;
    ids.push_back(endOfTextId);
    text.remove_prefix(mark + endOfTextMark.size());
  }
}

std::string_view Tokenizer::decode(int32_t id) const {
  if (id < 0 || id >= size())
    fail("token id ", id, " is outside the vocabulary of ", size(), " tokens");
  return tokens[id];
}

std::string Tokenizer::decode(std::span<const int32_t> ids) const {
  std::string text;
  for (int32_t id : ids)
    text += decode(id);
  return text;
}

} // namespace gpt2
