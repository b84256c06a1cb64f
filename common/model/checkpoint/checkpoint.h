//===- checkpoint.h - A model from disk (or from a formula) -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reads the public formats of GPT-2's weights into `Weights`: Hugging Face's
// directory (config.json + model.safetensors, or shards of it) and llm.c's
// single .bin file.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "model/weights.h"

#include <filesystem>
#include <functional>
#include <memory>

namespace gpt2 {

class Tokenizer;

/// Called during loading with the bytes of weights done and to do.
using LoadProgress = std::function<void(int64_t done, int64_t total)>;

/// A model that was found but not yet read: opening it is cheap and gives the
/// sizes, which is all that compiling needs.
class Checkpoint {
public:
  virtual ~Checkpoint() = default;

  /// Opens `model`, which is one of
  ///   a directory with config.json and model.safetensors, or
  ///     model.safetensors.index.json and the shards that it names
  ///   a .safetensors or .safetensors.index.json file, config.json beside it
  ///   a .bin file of llm.c, version 3 (f32) or 5 (bf16)
  ///   "random-124m": GPT-2 small's sizes, weights from a formula (random.h)
  ///   "gpt2", ...: a public model that is in a cache (model_cache.h)
  /// Throws an Error if there is none, or its sizes are refused.
  static std::unique_ptr<Checkpoint> open(const std::string &model);

  const Config &config() const { return sizes; }

  /// The number format of the weights on disk: "F64", "F32", "F16", "BF16".
  virtual std::string format() const = 0;

  /// What a user should know of this model that is no error, a line each: what
  /// its files hold that a language model does not use.
  const std::vector<std::string> &notes() const { return remarks; }

  /// Reads every weight as f32. Throws an Error that names the tensor which is
  /// missing, unexpected, or of the wrong type or shape.
  Weights load(const LoadProgress &progress = {}) const;

  /// The same, but read when they are asked for, from this checkpoint.
  Weights stream(LoadProgress progress = {}) const;

  /// The tokenizer that lies beside the weights; throws an Error if there is
  /// none, or it does not fit the model's vocabulary.
  virtual Tokenizer loadTokenizer() const = 0;

protected:
  /// As Weights::Read; tensor `i` of weightSpecs() is `spec`.
  virtual void read(size_t i, const WeightSpec &spec, int64_t l, int64_t first,
                    std::span<float> out) const = 0;

  Config sizes;
  std::vector<std::string> remarks;
};

} // namespace gpt2
