//===- cache_test.cpp - What is kept is what would be computed ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "chapter/conformance/chapter_test.h"
#include "run/sequence.h"
#include "testing/messages.h"

#include <gmock/gmock.h>

#include <fstream>
#include <numeric>

using namespace gpt2;
using namespace gpt2::testing;
using ::testing::HasSubstr;

namespace {

class Cache : public ::testing::Test {
protected:
  Config config = makeConfig(2, 3, 48, 29, 101);
  Weights weights = randomWeights(config);
  Executable program = compileFor(config);
  std::vector<int32_t> tokens = someTokens(config, config.context);
  size_t vocab = static_cast<size_t>(config.vocab);
  /// Logits after each of the tokens.
  reference::Vector expected =
      reference::forward(weights, tokens, config.context);

  std::span<const int32_t> first(size_t count) const {
    return std::span(tokens).first(count);
  }

  /// Whether `logits` are those after tokens up to `end`, row by row.
  void expectLogits(std::span<const float> logits, size_t end,
                    const std::string &what) {
    reference::Vector rows(expected.begin() + end * vocab - logits.size(),
                           expected.begin() + end * vocab);
    Comparison comparison = compareLogits(logits, rows, config);
    EXPECT_TRUE(comparison.within)
        << what << ", up to " << end << ": " << comparison.describe(0);
  }
};

TEST_F(Cache, EverySplitGivesTheSameLogits) {
  Forward forward(program, weights);
  std::vector<std::vector<size_t>> splits = {
      {29},         std::vector<size_t>(29, 1), {1, 28}, {28, 1},
      {7, 7, 7, 8}, {2, 3, 5, 7, 11, 1}};
  for (size_t at = 2; at < 28; ++at)
    splits.push_back({at, 29 - at});
  for (const std::vector<size_t> &split : splits) {
    Sequence sequence(forward);
    size_t done = 0;
    for (size_t piece : split) {
      std::vector<float> logits(piece * vocab, NAN);
      sequence.extend(std::span(tokens).subspan(done, piece), logits);
      done += piece;
      expectLogits(logits, done,
                   std::to_string(split.size()) + " pieces, one of " +
                       std::to_string(piece));
    }
    EXPECT_EQ(done, 29u);
  }
}

TEST_F(Cache, PiecesMayAskForNoLogits) {
  Forward forward(program, weights);
  Sequence sequence(forward);
  sequence.extend(first(20));
  std::vector<float> logits(vocab, NAN);
  sequence.extend(std::span(tokens).subspan(20, 1), logits);
  expectLogits(logits, 21, "one token behind 20 unasked");
}

TEST_F(Cache, SequencesInABatchDoNotDisturbEachOther) {
  Forward forward(program, weights, 5);
  Batch batch(forward);
  // Lengths 1, 3, 9 and 20; the third leaves after two steps, a fifth, of
  // length 2, joins.
  std::vector<size_t> lengths = {1, 3, 9, 20};
  std::vector<Sequence> sequences;
  for (size_t length : lengths) {
    sequences.emplace_back(forward);
    sequences.back().extend(first(length));
  }
  for (int step = 0; step < 6; ++step) {
    if (step == 2) {
      sequences.erase(sequences.begin() + 2);
      lengths.erase(lengths.begin() + 2);
      sequences.emplace_back(forward);
      sequences.back().extend(first(2));
      lengths.push_back(2);
    }
    std::vector<Sequence *> all;
    std::vector<int32_t> next;
    for (size_t i = 0; i < sequences.size(); ++i) {
      all.push_back(&sequences[i]);
      next.push_back(tokens[lengths[i]++]);
    }
    std::vector<float> logits(all.size() * vocab, NAN);
    batch.extend(all, next, logits);
    for (size_t i = 0; i < all.size(); ++i)
      expectLogits(std::span(logits).subspan(i * vocab, vocab), lengths[i],
                   "in a batch, step " + std::to_string(step));
  }
}

TEST_F(Cache, ABatchMayBeLargerThanTheContext) {
  const size_t count = 2 * config.context + 3;
  Forward forward(program, weights, static_cast<int64_t>(count));
  std::vector<Sequence> sequences;
  std::vector<Sequence *> all;
  std::vector<int32_t> next;
  for (size_t i = 0; i < count; ++i)
    sequences.emplace_back(forward);
  for (size_t i = 0; i < count; ++i) {
    all.push_back(&sequences[i]);
    next.push_back(tokens[0]);
  }
  std::vector<float> logits(count * vocab, NAN);
  Batch(forward).extend(all, next, logits);
  for (size_t i = 0; i < count; ++i)
    expectLogits(std::span(logits).subspan(i * vocab, vocab), 1,
                 "sequence " + std::to_string(i));
  std::vector<int32_t> chosen = Batch(forward).extendAndChoose(all, next);
  sequences[7].truncate(1);
  EXPECT_EQ(chosen, std::vector<int32_t>(
                        count, sequences[7].extendAndChoose({{tokens[0]}})));
}

TEST_F(Cache, SequencesAreForkedAndCutAndBegunAgain) {
  Forward forward(program, weights, 3);
  Sequence sequence(forward);
  sequence.extend(first(20));
  Sequence branch = sequence.fork(12);
  EXPECT_EQ(branch.tokens().size(), 12u);
  std::vector<float> logits(vocab, NAN);
  // Another text in the branch leaves the first as it is.
  branch.extend({{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}});
  sequence.extend(std::span(tokens).subspan(20, 1), logits);
  expectLogits(logits, 21, "behind a fork");
  branch.truncate(12);
  branch.extend(std::span(tokens).subspan(12, 3), logits);
  expectLogits(logits, 15, "in a branch that was cut");
  branch.truncate(0);
  branch.extend(first(2), logits);
  expectLogits(logits, 2, "begun again");
  // What is common is kept, whatever follows.
  std::vector<int32_t> other(tokens.begin(), tokens.begin() + 9);
  other[5] = (other[5] + 1) % 101;
  sequence.become(other, logits);
  EXPECT_EQ(sequence.tokens().size(), 9u);
  Comparison comparison =
      compareLogits(logits, reference::forward(weights, other, 1), config);
  EXPECT_TRUE(comparison.within) << comparison.describe(0);
  sequence.become(first(9), logits);
  expectLogits(logits, 9, "become another, and back");
  sequence.become(first(4), logits);
  expectLogits(logits, 4, "become its own beginning");
}

TEST_F(Cache, GrowsAndKeepsWhatItHas) {
  Forward forward(program, weights);
  Sequence sequence(forward);
  sequence.extend(first(9));
  EXPECT_EQ(forward.freeSequences(), 0);
  forward.makeRoom(3);
  EXPECT_EQ(forward.sequences(), 3);
  EXPECT_EQ(forward.freeSequences(), 2);
  forward.makeRoom(2); // there is more already
  EXPECT_EQ(forward.sequences(), 3);
  Sequence other(forward), third = sequence.fork(4);
  other.extend(first(5));
  std::vector<float> logits(vocab, NAN);
  for (auto [grown, length] :
       {std::pair(&sequence, 9), {&other, 5}, {&third, 4}}) {
    grown->extend(std::span(tokens).subspan(static_cast<size_t>(length), 2),
                  logits);
    expectLogits(logits, static_cast<size_t>(length) + 2, "a cache that grew");
  }
}

TEST_F(Cache, LogitsMayGoAnywhere) {
  // 4 bytes behind a multiple of 64: no alignment is taken for given.
  Forward forward(program, weights);
  alignas(64) float memory[5 * 101 + 2];
  std::fill(std::begin(memory), std::end(memory), NAN);
  std::span<float> logits(memory + 1, 5 * vocab);
  Sequence(forward).extend(first(5), logits);
  expectLogits(logits, 5, "logits at an odd place");
  EXPECT_TRUE(std::isnan(memory[0]) && std::isnan(memory[5 * 101 + 1]));
}

TEST_F(Cache, RefusesWhatDoesNotFit) {
  Forward forward(program, weights, 2);
  Sequence sequence(forward);
  sequence.extend(first(25));
  auto before = sequence.tokens().size();
  EXPECT_EQ(messageOf([&] { sequence.extend(first(5)); }),
            "a sequence of 25 tokens cannot have 5 more: the model's context "
            "is 29");
  EXPECT_THAT(messageOf([&] { sequence.extend({{101}}); }),
              HasSubstr("id 101; the vocabulary has ids 0 to 100"));
  EXPECT_THAT(messageOf([&] { sequence.extend({}); }),
              HasSubstr("at least one token"));
  EXPECT_THAT(messageOf([&] { sequence.truncate(26); }),
              HasSubstr("a sequence of 25 tokens has no first 26"));
  EXPECT_EQ(sequence.tokens().size(), before);
  Sequence second(forward);
  EXPECT_THAT(messageOf([&] { Sequence third(forward); }),
              HasSubstr("all 2 sequences of the cache are in use"));
  EXPECT_THAT(messageOf([&] { Sequence third = sequence.fork(3); }),
              HasSubstr("all 2 sequences of the cache are in use"));
  std::vector<Sequence *> twice = {&second, &second};
  std::vector<float> logits(2 * vocab);
  EXPECT_THAT(messageOf([&] {
                Batch(forward).extend(twice, {{1, 2}}, logits);
              }),
              HasSubstr("twice"));
  EXPECT_THAT(messageOf([&] { Forward none(program, weights, 0); }),
              HasSubstr("a cache for 0 sequences"));
  // A petabyte.
  EXPECT_THAT(messageOf([&] { Forward huge(program, weights, 1LL << 36); }),
              HasSubstr("keys of 68719476736 sequences"));
}

/// Of this process, in bytes.
size_t residentBytes() {
  size_t pages = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> pages >> resident;
  return resident * 4096;
}

TEST_F(Cache, TenThousandSequencesLeaveMemoryFlat) {
  Forward forward(program, weights, 2);
  auto use = [&](int count) {
    for (int i = 0; i < count; ++i) {
      Sequence sequence(forward);
      sequence.extend(first(1 + i % 5));
      Sequence branch = sequence.fork(1);
      branch.extendAndChoose({{tokens[1]}});
    }
  };
  bool isEmulated = tested().chapter.hasKernels(); // which takes its time
  use(isEmulated ? 20 : 500);
  size_t before = residentBytes();
  use(isEmulated ? 80 : 9500);
  EXPECT_LT(residentBytes(), before + (1 << 20));
}

TEST_F(Cache, MatricesMayBeInBf16) {
  Build build(tested().chapter, config);
  build.formats.weights = ElementType::BF16;
  Executable narrow = compiled(build);
  EXPECT_EQ(narrow.matrixType(), ElementType::BF16);
  Weights rounded = randomWeights(config);
  roundMatrices(rounded, ElementType::BF16);
  expected = reference::forward(rounded, tokens, config.context);
  Forward forward(narrow, weights);
  Sequence sequence(forward);
  std::vector<float> logits(20 * vocab, NAN), row(vocab, NAN);
  sequence.extend(first(20), logits);
  expectLogits(logits, 20, "bf16");
  for (size_t i = 20; i < 29; ++i) {
    sequence.extend(std::span(tokens).subspan(i, 1), row);
    expectLogits(row, i + 1, "bf16");
  }
  // And not because rounding makes no difference.
  logits.resize(29 * vocab);
  sequence.truncate(0);
  sequence.extend(tokens, logits);
  EXPECT_FALSE(
      compareLogits(logits, reference::forward(weights, tokens, config.context),
                    config)
          .within);
}

TEST_F(Cache, InBf16ItIsHalfAsLargeAndNearlyTheSame) {
  EXPECT_EQ(cacheBytes(config, 3, ElementType::F32),
            int64_t{3} * 2 * 2 * 29 * 48 * 4);
  EXPECT_EQ(cacheBytes(config, 3, ElementType::BF16),
            cacheBytes(config, 3, ElementType::F32) / 2);
  Build build(tested().chapter, config);
  build.formats.cache = ElementType::BF16;
  Executable narrow = compiled(build);
  EXPECT_EQ(narrow.cacheType(), ElementType::BF16);
  EXPECT_EQ(program.cacheType(), ElementType::F32);
  std::vector<float> logits = logitsOf(narrow, weights, tokens, 29);
  double largest = largestOf(expected);
  // A key and a value are off by up to 2^-9 of themselves, in each layer.
  double tolerance = 2 * static_cast<double>(config.layers) * 0x1p-9 * largest;
  Comparison comparison = compare(logits, expected, tolerance);
  EXPECT_TRUE(comparison.within) << comparison.describe(tolerance);
  EXPECT_FALSE(compareLogits(logits, expected, config).within)
      << "the cache is not in bf16";
  // Whatever the split.
  Forward forward(narrow, weights);
  Sequence sequence(forward);
  std::vector<float> row(vocab);
  for (size_t i = 0; i < 29; ++i) {
    sequence.extend(std::span(tokens).subspan(i, 1), row);
    reference::Vector whole(logits.begin() + i * vocab,
                            logits.begin() + (i + 1) * vocab);
    Comparison same = compareLogits(row, whole, config);
    EXPECT_TRUE(same.within) << i << ": " << same.describe(0);
  }
}

} // namespace
