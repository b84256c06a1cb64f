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
  /// Tokens of nearly the same likelihood. Which of them is the more likely one
  /// need be known of a class or two only, so only these are sorted.
  struct Class {
    size_t tokens = 0;
    double weight = 0; ///< their sum; the most likely token's is 1
  };
  /// All tokens of the classes before `number`, and the first `tokens` of it.
  struct Place {
    size_t number = 0, tokens = 0;
    double weight = 0;  ///< of all of them
    int32_t token = -1; ///< the last of them
  };

  void consider(size_t few);
  void classify();
  double distanceOf(float logit) const;
  double weightOf(int32_t token, size_t number) const;
  void sortClass(size_t number);
  Place first(size_t tokens);
  template <typename Reached> Place find(const Place &end, Reached reached);

  SamplerOptions options;
  std::mt19937_64 random;
  std::span<const float> logits; ///< of a call
  double largest = 0;            ///< of them
  double scale = 1;              ///< classes for a difference of 1
  std::vector<int32_t> tokens;   ///< that may be drawn
  std::vector<uint16_t> classOf; ///< each of them
  std::vector<Class> classes;    ///< the most likely first
  std::vector<int32_t> sorted;   ///< the tokens of a class
};

/// Throws an Error that names the token if a logit is not a number or infinite:
/// a model that is whole has none such. Minus infinity says that a token is
/// never chosen; an Error, if that is said of all.
void checkLogits(std::span<const float> logits);

/// The id of the largest logit, and of equal ones the lowest.
int32_t argmax(std::span<const float> logits);

} // namespace gpt2
