//===- packed_layout.cpp - How a program wants one of its matrices ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "device/packed_layout.h"
#include "support/error.h"

namespace gpt2 {
namespace {

void encodeSizes(std::vector<int64_t> &words,
                 const std::vector<int64_t> &sizes) {
  words.push_back(static_cast<int64_t>(sizes.size()));
  words.insert(words.end(), sizes.begin(), sizes.end());
}

std::vector<int64_t> decodeSizes(const int64_t *&words) {
  int64_t count = *words++;
  std::vector<int64_t> sizes(words, words + count);
  words += count;
  return sizes;
}

ElementType typeOfBits(int64_t bits) {
  for (ElementType type :
       {ElementType::F32, ElementType::BF16, ElementType::I8})
    if (static_cast<int64_t>(sizeOf(type)) * 8 == bits)
      return type;
  fail("the program wants matrices with elements of ", bits,
       " bits; expected 8, 16 or 32");
}

} // namespace

std::vector<int64_t> PackedLayout::encode() const {
  std::vector<int64_t> words{static_cast<int64_t>(sizeOf(type)) * 8, rows};
  encodeSizes(words, shape);
  for (const std::optional<ColumnVector> &vector : {scales, sums}) {
    words.push_back(vector ? vector->argument : -1);
    if (vector)
      encodeSizes(words, vector->shape);
  }
  return words;
}

PackedLayout PackedLayout::decode(const int64_t *words) {
  PackedLayout layout;
  layout.type = typeOfBits(*words++);
  layout.rows = *words++;
  layout.shape = decodeSizes(words);
  for (std::optional<ColumnVector> *vector : {&layout.scales, &layout.sums})
    if (int64_t argument = *words++; argument >= 0)
      *vector = {argument, decodeSizes(words)};
  return layout;
}

} // namespace gpt2
