//===- checkpoint_memory_test.cpp - What loading takes, and gives back --===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "model/checkpoint/checkpoint.h"
#include "support/files.h"
#include "testing/test_files.h"
#include "testing/test_models.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

using namespace gpt2;
using namespace gpt2::testing;

namespace {

void writeBothFormats(const TemporaryDirectory &directory,
                      const Weights &weights) {
  writeConfig(directory / "config.json", weights.config());
  SafetensorsFile::of(weights, ElementType::F32)
      .write(directory / "model.safetensors");
  writeLlmc(directory / "model.bin", weights, ElementType::F32);
}

/// The most memory this process has had since `resetPeak`, in bytes.
int64_t peakMemory() {
  std::string status = readFile("/proc/self/status");
  return 1024 * std::stoll(status.substr(status.find("VmHWM:") + 6));
}
void resetPeak() { std::ofstream("/proc/self/clear_refs") << "5"; }

TEST(CheckpointMemory, LoadingKeepsNoSecondCopy) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "AddressSanitizer keeps memory that was freed";
#endif
  Config config = makeConfig(2, 4, 512, 64, 20011); // 66 MB in f32
  int64_t bytes = 4 * config.parameters();
  TemporaryDirectory directory;
  writeBothFormats(directory, randomWeights(config));
  for (const std::filesystem::path &model :
       {directory.path, directory / "model.bin"}) {
    auto checkpoint = Checkpoint::open(model);
    resetPeak();
    int64_t before = peakMemory();
    Weights weights = checkpoint->load();
    int64_t grown = peakMemory() - before;
    EXPECT_LE(grown, 1.3 * bytes);
    EXPECT_GE(grown, 0.9 * bytes); // it does measure
  }
}

// Rows may be asked for in any order, and again after they were given back.
TEST(CheckpointMemory, StreamsWhatItLoads) {
  Config config = makeConfig(3, 2, 64, 40, 20011); // more rows than one unit
  Weights weights = randomWeights(config);
  TemporaryDirectory directory;
  writeBothFormats(directory, weights);
  for (const std::filesystem::path &model :
       {directory.path, directory / "model.bin"}) {
    auto checkpoint = Checkpoint::open(model);
    int64_t read = 0;
    Weights stream =
        checkpoint->stream([&](int64_t done, int64_t) { read = done; });
    EXPECT_EQ(read, 0);
    for (int turn = 0; turn < 2; ++turn)
      for (size_t i = stream.specs().size(); i-- > 0;) {
        int64_t all = stream.specs()[i].shape[0];
        for (int64_t first : {all / 2, int64_t{0}}) {
          int64_t count = std::min<int64_t>(all - first, 7);
          std::span<float> rows = stream.rows(i, first, count);
          std::span<float> expected = weights.rows(i, first, count);
          EXPECT_TRUE(std::ranges::equal(rows, expected))
              << stream.specs()[i].name << " from " << first;
        }
        stream.release(i, all);
      }
    EXPECT_GT(read, 0);
    stream.readAll();
    stream.release(0, 20011); // no longer
    for (size_t i = 0; i < weights.specs().size(); ++i)
      EXPECT_TRUE(std::ranges::equal(stream.tensor(i), weights.tensor(i)))
          << weights.specs()[i].name;
  }
}

TEST(CheckpointMemory, WhatIsReleasedTakesNoMemory) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "AddressSanitizer keeps memory that was freed";
#endif
  auto checkpoint = Checkpoint::open("random-124m");
  resetPeak();
  int64_t before = peakMemory();
  Weights weights = checkpoint->stream();
  for (int64_t row = 0; row < 50257; row += 1344) {
    int64_t count = std::min<int64_t>(1344, 50257 - row);
    (void)weights.rows(0, row, count);
    weights.release(0, row + count);
  }
  EXPECT_LE(peakMemory() - before, 20'000'000); // of 154 MB
}

} // namespace
