//===- sequence_test.cpp - What a sequence refuses, and keeps -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// On a program that pretends: after token t at position p the most likely one
// is 3 t + p. What chapters' programs compute, their own tests say.
//
//===----------------------------------------------------------------------===//
#include "run/loss.h"
#include "run/sequence.h"
#include "testing/messages.h"
#include "testing/test_models.h"

#include <gmock/gmock.h>

using namespace gpt2;
using namespace gpt2::testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

namespace {

const Config config = makeConfig(1, 1, 2, 6, 11);
constexpr size_t vocab = 11;
bool failsToCompute = false;

/// A descriptor's data, and its sizes.
template <typename T> T *dataOf(void *descriptor) {
  return static_cast<T **>(descriptor)[1];
}
int64_t sizeOf(void *descriptor, size_t dim) {
  return static_cast<int64_t *>(descriptor)[3 + dim];
}

/// Writes the last `rows` rows after tokens at `positions`, or from 0.
void compute(float *logits, int64_t rows, void *tokens, void *positions) {
  if (failsToCompute)
    Device::current().launch("nothing", {}, {}, nullptr);
  int64_t count = sizeOf(tokens, 0);
  for (int64_t row = 0; row < rows; ++row) {
    int64_t at = count - rows + row;
    int64_t position = positions ? dataOf<int32_t>(positions)[at] : at;
    float *out = logits + row * config.vocab;
    std::fill_n(out, config.vocab, 0.0f);
    out[(3 * dataOf<int32_t>(tokens)[at] + position) % config.vocab] = 1;
  }
}

// Behind what is named here come sixteen weights.
void forward(void *logits, void *tokens, void *, void *, void *, void *, void *,
             void *, void *, void *, void *, void *, void *, void *, void *,
             void *, void *, void *) {
  compute(dataOf<float>(logits), sizeOf(logits, 0), tokens, nullptr);
}

void cached(void *logits, void *tokens, void *, void *positions, void *, void *,
            void *, void *, void *, void *, void *, void *, void *, void *,
            void *, void *, void *, void *, void *, void *, void *, void *) {
  compute(dataOf<float>(logits), sizeOf(logits, 1), tokens, positions);
}

int32_t after(int32_t token, int32_t position) {
  return (3 * token + position) % static_cast<int32_t>(vocab);
}

/// The parameter: whether the program keeps keys and values.
class SequenceTest : public ::testing::TestWithParam<bool> {
protected:
  void TearDown() override { failsToCompute = false; }

  Weights weights = randomWeights(config);
  Executable program{[keeps = GetParam()](const std::string &name) -> void * {
    if (keeps ? name == std::string(program_abi::entryPrefix) + "decode" ||
                    name == std::string(program_abi::entryPrefix) + "prefill"
              : name == std::string(program_abi::entryPrefix) + "forward")
      return keeps ? reinterpret_cast<void *>(cached)
                   : reinterpret_cast<void *>(::forward);
    return nullptr;
  }};
  Forward forward{program, weights, 3};
  std::vector<float> row = std::vector<float>(vocab);

  Sequence sequenceOf(const std::vector<int32_t> &tokens) {
    Sequence sequence(forward);
    sequence.extend(tokens);
    return sequence;
  }
};

TEST_P(SequenceTest, Grows) {
  Sequence sequence = sequenceOf({1, 2, 3});
  EXPECT_EQ(sequence.extendAndChoose({{4}}), after(4, 3));
  std::vector<float> logits(2 * vocab);
  sequence.become({{1, 2, 5, 6}}, logits);
  EXPECT_THAT(sequence.tokens(), ElementsAre(1, 2, 5, 6));
  EXPECT_EQ(logits[after(5, 2)], 1);
  EXPECT_EQ(logits[vocab + after(6, 3)], 1);
  EXPECT_EQ(sequence.becomeAndChoose({{1, 2}}), after(2, 1));
  EXPECT_EQ(sequence.becomeAndChoose({{1, 2}}), after(2, 1));
  Sequence other = sequenceOf({7});
  std::vector<Sequence *> both = {&sequence, &other};
  Batch(forward).extend(both, {{8, 9}}, logits);
  EXPECT_EQ(logits[after(8, 2)], 1);
  EXPECT_EQ(logits[vocab + after(9, 1)], 1);
}

TEST_P(SequenceTest, WritesWholeRowsOnly) {
  Sequence sequence = sequenceOf({1, 2});
  for (size_t size : {size_t{1}, vocab - 1, vocab + 1, 2 * vocab - 1}) {
    std::vector<float> logits(size);
    std::string expected = "there is room for " + std::to_string(size) +
                           " logits; a row of them has 11";
    EXPECT_EQ(messageOf([&] { sequence.extend({{3, 4}}, logits); }), expected);
    EXPECT_EQ(messageOf([&] { sequence.become({{1, 5}}, logits); }), expected);
  }
  std::vector<float> three(3 * vocab);
  EXPECT_THAT(messageOf([&] {
                sequence.extend({{3, 4}}, three);
              }),
              HasSubstr("logits after 3 of 2 tokens"));
  EXPECT_THAT(sequence.tokens(), ElementsAre(1, 2));
}

TEST_P(SequenceTest, StaysAsItIsIfItCannotBecomeAnother) {
  Sequence sequence = sequenceOf({1, 2, 3});
  const std::vector<int32_t> badId = {1, 11}, tooLong = {1, 9, 9, 9, 9, 9, 9};
  std::vector<float> three(3 * vocab);
  EXPECT_THAT(messageOf([&] { sequence.become(badId, row); }),
              HasSubstr("has id 11"));
  EXPECT_THAT(messageOf([&] { sequence.becomeAndChoose(badId); }),
              HasSubstr("has id 11"));
  EXPECT_THAT(messageOf([&] { sequence.become(tooLong, row); }),
              HasSubstr("the model's context is 6"));
  EXPECT_THAT(messageOf([&] { sequence.becomeAndChoose(tooLong); }),
              HasSubstr("the model's context is 6"));
  EXPECT_THAT(messageOf([&] { sequence.become({}, row); }),
              HasSubstr("at least one token"));
  EXPECT_THAT(messageOf([&] { sequence.becomeAndChoose({}); }),
              HasSubstr("at least one token"));
  EXPECT_THAT(messageOf([&] {
                sequence.become({{1, 4, 5}}, three);
              }),
              HasSubstr("logits after 3 of 2 tokens"));
  EXPECT_THAT(sequence.tokens(), ElementsAre(1, 2, 3));
  // What went wrong while it computed may have changed what is kept.
  failsToCompute = true;
  EXPECT_THAT(messageOf([&] {
                sequence.become({{1, 4, 5}}, row);
              }),
              HasSubstr("cannot launch kernel @nothing"));
  EXPECT_THAT(sequence.tokens(), ElementsAre(1));
}

TEST_P(SequenceTest, ABatchHasARowForEach) {
  Sequence one = sequenceOf({1}), two = sequenceOf({2});
  std::vector<Sequence *> both = {&one, &two};
  Batch batch(forward);
  for (size_t size :
       {size_t{0}, vocab, 2 * vocab - 1, 2 * vocab + 1, 3 * vocab}) {
    std::vector<float> logits(size);
    EXPECT_THAT(messageOf([&] {
                  batch.extend(both, {{3, 4}}, logits);
                }),
                HasSubstr("there is room for " + std::to_string(size)));
  }
  std::vector<float> logits(2 * vocab);
  EXPECT_THAT(messageOf([&] {
                batch.extend(both, {{3, 11}}, logits);
              }),
              HasSubstr("has id 11"));
  EXPECT_THAT(messageOf([&] { batch.extend(both, {{3}}, logits); }),
              HasSubstr("1 tokens for 2 sequences"));
  Forward stranger(program, weights);
  Sequence three(stranger);
  std::vector<Sequence *> mixed = {&one, &three};
  EXPECT_THAT(messageOf([&] {
                batch.extend(mixed, {{3, 4}}, logits);
              }),
              HasSubstr("of another model"));
  EXPECT_THAT(messageOf([&] {
                batch.extendAndChoose(mixed, {{3, 4}});
              }),
              HasSubstr("of another model"));
  EXPECT_THAT(one.tokens(), ElementsAre(1));
  EXPECT_THAT(two.tokens(), ElementsAre(2));
}

TEST_P(SequenceTest, ForwardTakesWhatItHasRoomFor) {
  const std::vector<int32_t> seven(7), two = {1, 2};
  auto compute = [&](std::span<const int32_t> ids,
                     std::span<const int32_t> places, size_t rows,
                     std::span<float> logits) {
    return messageOf([&] {
      forward.compute({ids, places, places}, rows, logits);
    });
  };
  EXPECT_THAT(compute(seven, seven, 1, {}),
              HasSubstr("7 tokens to compute with; expected 1 to 6"));
  EXPECT_THAT(compute({}, {}, 0, {}), HasSubstr("0 tokens"));
  EXPECT_THAT(compute(two, std::vector<int32_t>(2), 3, {}),
              HasSubstr("logits after 3 of 2 tokens"));
  EXPECT_THAT(compute(two, std::vector<int32_t>(2), 2, row),
              HasSubstr("room for 11 logits; 2 rows are 22"));
  if (GetParam()) {
    EXPECT_THAT(compute(two, std::vector<int32_t>(1), 1, {}),
                HasSubstr("2 tokens of 1 sequences at 1 positions"));
  }
  EXPECT_THAT(messageOf([&] { forward.argmax(0); }),
              HasSubstr("no row 0 of logits: 0 were computed"));
  Sequence sequence(forward);
  sequence.extendAndChoose(two);
  EXPECT_EQ(forward.argmax(0), after(2, 1));
  EXPECT_THAT(messageOf([&] { forward.argmax(1); }),
              HasSubstr("no row 1 of logits: 1 were computed"));
  std::vector<float> more(2 * vocab);
  EXPECT_THAT(messageOf([&] { forward.readLogits(more); }),
              HasSubstr("room for 22 logits; the 1 rows that were computed"));
  forward.readLogits(row);
  EXPECT_EQ(row[after(2, 1)], 1);
}

class CachedSequenceTest : public SequenceTest {};

TEST_P(CachedSequenceTest, ForwardKnowsWhatIsOpen) {
  Sequence sequence(forward); // the first of three
  for (int32_t other : {-1, 1, 3}) {
    std::string expected =
        "sequence " + std::to_string(other) + " of the cache is not open";
    EXPECT_EQ(messageOf([&] { forward.close(other); }), expected);
    EXPECT_EQ(messageOf([&] { forward.copy(0, other, 1); }), expected);
    EXPECT_EQ(messageOf([&] { forward.copy(other, 0, 1); }), expected);
  }
  EXPECT_EQ(forward.freeSequences(), 2);
}

TEST_P(SequenceTest, ALossIsOfTokensThatThereAre) {
  std::vector<int32_t> text = {1, 2, 3};
  EXPECT_EQ(lossOf(forward, nullptr, text).tokens, 2);
  for (int32_t last : {11, -1}) {
    text.back() = last; // which is predicted, and never computed with
    EXPECT_THAT(messageOf([&] { lossOf(forward, nullptr, text); }),
                HasSubstr("has id " + std::to_string(last)));
  }
}

INSTANTIATE_TEST_SUITE_P(, CachedSequenceTest, ::testing::Values(true));

INSTANTIATE_TEST_SUITE_P(, SequenceTest, ::testing::Bool(),
                         [](const auto &info) {
                           return info.param ? "Cache" : "NoCache";
                         });

} // namespace
