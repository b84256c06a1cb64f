//===- pretended_model.cpp - A program that remembers -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "testing/pretended_model.h"
#include "testing/test_models.h"

#include <algorithm>
#include <atomic>

namespace gpt2::testing {
namespace {

constexpr int64_t channels = 2;
std::atomic<int> callsLeft = -1;
std::atomic<size_t> computedTokens = 0;

const Config config =
    makeConfig(1, 1, channels, PretendedModel::context, PretendedModel::vocab);

/// A descriptor's data, and its sizes.
template <typename T> T *dataOf(void *descriptor) {
  return static_cast<T **>(descriptor)[1];
}
int64_t sizeOf(void *descriptor, size_t dim) {
  return static_cast<int64_t *>(descriptor)[3 + dim];
}

uint64_t mixed(uint64_t state, int32_t token) {
  return (state ^ static_cast<uint64_t>(token + 1)) * 0x9e3779b97f4a7c15u;
}
/// Any but the last, which ends a text.
int32_t chosen(uint64_t state) {
  return static_cast<int32_t>((state >> 32) % (PretendedModel::vocab - 1));
}

// Behind what is named here come sixteen weights.
void step(void *logits, void *tokens, void *sequences, void *positions,
          void *keys, void *, void *, void *, void *, void *, void *, void *,
          void *, void *, void *, void *, void *, void *, void *, void *,
          void *, void *) {
  if (callsLeft >= 0 && callsLeft-- == 0)
    Device::current().launch("nothing", {}, {}, nullptr);
  int64_t count = sizeOf(tokens, 0), rows = sizeOf(logits, 1);
  computedTokens += static_cast<size_t>(count);
  auto keysOf = [&](int64_t i) {
    return dataOf<float>(keys) +
           dataOf<int32_t>(sequences)[i] * PretendedModel::context * channels;
  };
  for (int64_t i = 0; i < count; ++i)
    keysOf(i)[dataOf<int32_t>(positions)[i] * channels] =
        static_cast<float>(dataOf<int32_t>(tokens)[i]);
  for (int64_t row = 0; row < rows; ++row) {
    int64_t i = count - rows + row;
    uint64_t state = 1;
    for (int64_t p = 0; p <= dataOf<int32_t>(positions)[i]; ++p)
      state = mixed(state, static_cast<int32_t>(keysOf(i)[p * channels]));
    float *out = dataOf<float>(logits) + row * PretendedModel::vocab;
    std::fill_n(out, PretendedModel::vocab, 0.0f);
    out[chosen(state)] = 2;
  }
}

} // namespace

PretendedModel::PretendedModel()
    : weights(randomWeights(config)),
      program([](const std::string &name) -> void * {
        bool isEntry =
            name == std::string(program_abi::entryPrefix) + "decode" ||
            name == std::string(program_abi::entryPrefix) + "prefill";
        return isEntry ? reinterpret_cast<void *>(step) : nullptr;
      }),
      pass(program, weights) {
  callsLeft = -1;
  computedTokens = 0;
}

int32_t PretendedModel::next(std::span<const int32_t> tokens) {
  uint64_t state = 1;
  for (int32_t token : tokens)
    state = mixed(state, token);
  return chosen(state);
}

std::vector<int32_t> PretendedModel::continued(std::vector<int32_t> tokens,
                                               size_t length) {
  while (tokens.size() < length)
    tokens.push_back(next(tokens));
  return tokens;
}

void PretendedModel::failAfter(int calls) { callsLeft = calls; }
size_t PretendedModel::computed() { return computedTokens; }

} // namespace gpt2::testing
