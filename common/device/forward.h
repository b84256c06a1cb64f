//===- forward.h - GPT-2's forward pass, compiled and bound -------------===//
#pragma once

#include "device/executable.h"
#include "model/weights.h"

#include <span>
#include <vector>

namespace gpt2 {

/// GPT-2 as a chapter compiled it, bound to weights, which are brought to its
/// device once. Keeps references to both.
class Forward {
public:
  /// `extra` arguments, tensors of the host, follow the skeleton's.
  Forward(Executable &executable, Weights &weights,
          std::vector<MemRef> extra = {});
  /// Writes the logits that follow each of the last N tokens, row by row;
  /// `logits` has N * V elements, 1 <= N <= number of tokens <= P.
  void operator()(std::span<const int32_t> tokens, std::span<float> logits);

  /// The most likely token behind `tokens`; of equally likely ones the lowest.
  /// If the program has an entry for it, logits stay on the device. Throws an
  /// Error if a logit is not a number.
  int32_t mostLikely(std::span<const int32_t> tokens);

private:
  /// The logits, on the device.
  void compute(std::span<const int32_t> tokens, size_t rows);

  Executable &executable;
  const Config &config;
  bool choosesOnDevice; ///< the program has an entry for the most likely token
  DeviceMemory tokensOnDevice; ///< P elements
  DeviceMemory tokenOnDevice;  ///< the most likely
  DeviceMemory logitsOnDevice;
  size_t logitsCapacity = 0; ///< elements
  /// Of the weights, and of `extra`.
  std::vector<DeviceMemory> shared;
  std::vector<MemRef> arguments; ///< logits, tokens, the sixteen weights, extra
  std::vector<MemRef> extra;
};

} // namespace gpt2
