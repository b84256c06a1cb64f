//===- sampler.h - From logits to the next token ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstdint>
#include <random>
#include <span>
#include <vector>

namespace gpt2 {

struct SamplerOptions {
  /// Logits are divided by it; 0 means greedy: the largest logit, and of equal
  /// ones the lowest id.
  double temperature = 0.8;
  /// Keep only the k most likely tokens; 0 keeps all (Fan et al. 2018).
  int64_t topK = 40;
  /// Keep the fewest most likely tokens whose probabilities reach p; 1 keeps
  /// all (Holtzman et al. 2020). Applied after topK.
  double topP = 1.0;
  uint64_t seed = 1;

  /// Throws an Error that names the option out of its range.
  void validate() const;
};

/// Draws tokens. The random numbers come from std::mt19937_64, whose sequence
/// the C++ standard fixes, so equal logits give equal tokens on every machine.
class Sampler {
public:
  explicit Sampler(const SamplerOptions &options);

  /// The next token's id. Throws an Error as checkLogits() does.
  int32_t sample(std::span<const float> logits);

private:
  /// Makes `order` begin with the `count` most likely.
  void rank(std::span<const float> logits, size_t count);
  void sortAll(std::span<const float> logits);

  SamplerOptions options;
  std::mt19937_64 random;
  std::vector<int32_t> order; ///< ids, most likely first; reused between calls
  std::vector<double> weights;
  struct Keyed {
    uint32_t key; ///< the lower, the more likely
    int32_t id;
  };
  std::vector<Keyed> keyed, moved;
};

/// Throws an Error that names the token if a logit is not a number or infinite:
/// a model that is whole has none such. Minus infinity says that a token is
/// never chosen; an Error, if that is said of all.
void checkLogits(std::span<const float> logits);

/// The id of the largest logit, and of equal ones the lowest.
int32_t argmax(std::span<const float> logits);

} // namespace gpt2
