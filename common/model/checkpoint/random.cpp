//===- random.cpp - Weights from a formula ------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A model of any size without a file, for tests and timings. Element i (row
// major) of a tensor is a function of the tensor's name, a seed and i alone, so
// that any language can make the same model:
//
//   state = fnv1a64(name) ^ splitmix64(seed)
//   u     = (splitmix64(state + i) >> 40) * 2^-24          in [0, 1)
//   value = f32(mean + (2u - 1) * f32(sqrt(3) * deviation))
//
// The sum is formed in double, where (2u - 1) * k is exact (24 bits x 24 bits).
// Gains, biases and means are not the neutral ones: a forgotten bias shows.
//
//===----------------------------------------------------------------------===//
#include "model/formats.h"
#include "model/tokenizer/tokenizer.h"
#include "support/error.h"

#include <cmath>

namespace gpt2 {
namespace {

/// One step of splitmix64 (Steele, Lea & Flood 2014).
uint64_t splitmix64(uint64_t x) {
  x += 0x9E3779B97F4A7C15;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
  return x ^ (x >> 31);
}

/// FNV-1a (Fowler, Noll & Vo), 64 bits.
uint64_t fnv1a64(std::string_view text) {
  uint64_t hash = 0xCBF29CE484222325;
  for (unsigned char byte : text)
    hash = (hash ^ byte) * 0x100000001B3;
  return hash;
}

struct Distribution {
  double mean, deviation;
};

Distribution distributionOf(std::string_view name) {
  if (name == "wte.weight")
    return {0.0, 0.10};
  if (name == "wpe.weight")
    return {0.0, 0.05};
  if (name.ends_with(".bias"))
    return {0.0, 0.10};
  if (name.find("ln_") != std::string_view::npos)
    return {1.0, 0.20};
  return {0.0, name.find("c_proj") != std::string_view::npos ? 0.03 : 0.05};
}

/// Elements of tensor `name` from `first`.
void fill(const std::string &name, uint64_t seed, int64_t first,
          std::span<float> out) {
  auto [mean, deviation] = distributionOf(name);
  double k = static_cast<float>(std::sqrt(3.0) * deviation);
  uint64_t state =
      (fnv1a64(name) ^ splitmix64(seed)) + static_cast<uint64_t>(first);
  for (size_t i = 0; i < out.size(); ++i) {
    double u = static_cast<double>(splitmix64(state + i) >> 40) * 0x1p-24;
    out[i] = static_cast<float>(mean + (2 * u - 1) * k);
  }
}

class RandomCheckpoint : public Checkpoint {
public:
  RandomCheckpoint(const Config &config, uint64_t seed) : seed(seed) {
    config.validate("random model");
    sizes = config;
  }

  std::string format() const override { return "F32"; }

  Tokenizer loadTokenizer() const override {
    fail("a random model has no tokenizer; give the prompt as --token-ids FILE "
         "(one id a line)");
  }

private:
  void read(size_t, const WeightSpec &spec, int64_t l, int64_t first,
            std::span<float> out) const override {
    fill(spec.checkpointName(l), seed, first, out);
  }

  uint64_t seed;
};

} // namespace

std::unique_ptr<Checkpoint> openRandom(const Config &config, uint64_t seed) {
  return std::make_unique<RandomCheckpoint>(config, seed);
}

} // namespace gpt2
