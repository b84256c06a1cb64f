//===- reference_test.cpp - The judge, judged by PyTorch ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The fixtures hold logits that PyTorch computed in double precision:
// common/embedded_model/record.py. So does the folder of GPT2_TEST_DATA, for
// more and larger models.
//
//===----------------------------------------------------------------------===//
#include "model/checkpoint/checkpoint.h"
#include "model/formats.h"
#include "model/sampler.h"
#include "reference/comparison.h"
#include "reference/reference.h"
#include "support/files.h"
#include "support/paths.h"
#include "testing/test_files.h"
#include "testing/test_models.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstring>

using namespace gpt2;
using namespace gpt2::testing;
namespace fs = std::filesystem;
using nlohmann::json;

namespace {

/// Double precision agrees to this share of the largest logit: 1e-14 would do
/// for equal inputs, and recorded numbers are rounded to f32 or to 9 digits.
constexpr double tolerance = 1e-7;

json readFixture(const char *name) {
  return json::parse(
      readFile(paths::source() / "common/reference/fixtures" / name));
}

/// `record` holds ids, and the logits at every `stride`-th token.
void expectRecorded(const Weights &weights, const json &record) {
  auto ids = record["ids"].get<std::vector<int32_t>>();
  auto recorded = record["logits"].get<std::vector<double>>();
  auto stride = record["stride"].get<size_t>();
  reference::Vector logits = reference::forward(weights, ids, 1);
  std::vector<float> actual;
  for (size_t v = 0; v < logits.size(); v += stride)
    actual.push_back(static_cast<float>(logits[v]));
  Comparison comparison = compare(actual, recorded, 10 * tolerance);
  EXPECT_TRUE(comparison.within) << comparison.describe(10 * tolerance);
}

TEST(Reference, RandomModelAsRecorded) {
  Weights weights = randomWeights(makeConfig(2, 2, 128, 64, 257));
  for (const json &record : readFixture("random-mini.json"))
    expectRecorded(weights, record);
}

TEST(Reference, EmbeddedModelAsRecorded) {
  Weights weights = Checkpoint::open(paths::embeddedModel())->load();
  for (const json &record : readFixture("fairy-tales.json"))
    expectRecorded(weights, record);
}

/// Logits (V) after each prompt of a folder's reference.json.
void expectExternal(const fs::path &directory, const Weights &weights,
                    size_t mostTokens) {
  json reference = json::parse(readFile(directory / "reference.json"));
  std::string bytes = readFile(directory / "reference_logits.f32.bin");
  auto vocab = static_cast<size_t>(weights.config().vocab);
  for (const json &prompt : reference["prompts"]) {
    auto ids = prompt["ids"].get<std::vector<int32_t>>();
    if (ids.size() > mostTokens)
      continue;
    std::vector<float> recorded(vocab);
    std::memcpy(recorded.data(),
                bytes.data() + 4 * prompt["logits_offset_floats"].get<size_t>(),
                4 * vocab);
    reference::Vector logits = reference::forward(weights, ids, 1);
    // The recorded f32 values are within 2^-24 of 16, the largest logits.
    Comparison comparison = compare(recorded, logits, 16 * f32Rounding);
    EXPECT_TRUE(comparison.within) << comparison.describe(16 * f32Rounding);
    EXPECT_EQ(argmax(recorded), prompt["greedy"][0].get<int32_t>());
  }
}

TEST(Reference, ExternalModelsAsRecorded) {
  if (externalData().empty())
    GTEST_SKIP() << "set GPT2_TEST_DATA to a folder with recorded logits";
  fs::path data = externalData();
  expectExternal(data / "fairy_model",
                 Checkpoint::open(data / "fairy_model")->load(), 1000);
  expectExternal(data / "random/random-mini",
                 randomWeights(makeConfig(2, 2, 128, 64, 257)), 1000);
  expectExternal(data / "random/random124m", randomWeights(Config{}), 17);
}

} // namespace
