//===- specialized_test.cpp - Programs for steps of one size ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// That they compute what the general one does, on weights that are laid out
// once, and fewer rows.
//
//===----------------------------------------------------------------------===//
#include "chapter/build.h"
#include "chapter/conformance/tested.h"
#include "compiler/compile.h"
#include "run/dispatcher.h"
#include "run/sequence.h"
#include "testing/test_models.h"

#include <gmock/gmock.h>

#include <numeric>

using namespace gpt2;
using namespace gpt2::testing;

namespace {

const Config config = makeConfig(2, 2, 32, 64, 97);

Build buildOf(ElementType weights) {
  Build build(tested().chapter, config);
  build.formats.weights = weights;
  return build;
}

Executable programFor(Build build, std::optional<int64_t> tokens) {
  build.stepTokens = tokens;
  return compileAndLoad(compileRequest(build)).program;
}

class Specialized : public ::testing::TestWithParam<ElementType> {};

/// The logits of each of `width` texts, after two steps together.
std::vector<float> twoSteps(Forward &forward, size_t width) {
  std::vector<Sequence> sequences;
  std::vector<Sequence *> all;
  for (size_t i = 0; i < width; ++i) {
    sequences.emplace_back(forward);
    std::vector<int32_t> prompt(3 + i);
    std::iota(prompt.begin(), prompt.end(), static_cast<int32_t>(5 * i));
    sequences.back().extend(prompt);
  }
  for (Sequence &sequence : sequences)
    all.push_back(&sequence);
  std::vector<float> logits(width * static_cast<size_t>(config.vocab));
  std::vector<int32_t> tokens(width);
  for (int32_t step : {0, 1}) {
    std::iota(tokens.begin(), tokens.end(), 40 + step);
    Batch(forward).extend(all, tokens, logits);
  }
  return logits;
}

TEST_P(Specialized, ComputesWhatTheGeneralOneDoes) {
  Build build = buildOf(GetParam());
  Executable general = programFor(build, std::nullopt);
  for (size_t width : {2, 3, 5, 8, 9, 11}) {
    Weights weights = randomWeights(config);
    Forward forward(general, weights, static_cast<int64_t>(width));
    std::vector<float> expected = twoSteps(forward, width);
    Dispatcher dispatcher(general, 1e-5);
    forward.dispatchBy(dispatcher);
    auto tokens = static_cast<int64_t>(width);
    dispatcher.offer(tokens, programFor(build, tokens), "",
                     forward.argumentCount());
    EXPECT_EQ(twoSteps(forward, width), expected) << width;
    // It was checked at the first step, and computed the second in turn.
    std::vector<Dispatcher::Row> table = dispatcher.table();
    ASSERT_EQ(table.size(), 1u);
    EXPECT_EQ(table[0].state, Dispatcher::State::Trial) << table[0].why;
    EXPECT_EQ(table[0].steps, 1u);
  }
}

INSTANTIATE_TEST_SUITE_P(Weights, Specialized,
                         ::testing::Values(ElementType::F32, ElementType::BF16,
                                           ElementType::I8));

/// Rows of the first block of rows that a program makes of its tokens.
std::string blocksOf(const Build &build) {
  std::string text = emit(compileRequest(build), "scheduled");
  size_t at = text.find("x32xf32>", text.find("tensor<?x"));
  return text.substr(text.rfind("tensor<", at), at - text.rfind("tensor<", at));
}

TEST(SpecializedIr, HasTheRowsOfItsSteps) {
  Build build = buildOf(ElementType::F32);
  build.target.cpu = "skylake-avx512"; // whose blocks have 8 rows
  for (auto [tokens, rows] :
       {std::pair(2, 2), {3, 3}, {7, 7}, {8, 8}, {9, 5}, {16, 8}, {17, 6}}) {
    build.stepTokens = tokens;
    EXPECT_THAT(
        emit(compileRequest(build), "scheduled"),
        ::testing::HasSubstr("tensor<?x" + std::to_string(rows) + "x32xf32>"))
        << blocksOf(build);
  }
}

} // namespace
