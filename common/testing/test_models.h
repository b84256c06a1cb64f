//===- test_models.h - Small models, in memory and on disk --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "model/element_type.h"
#include "model/weights.h"

#include <filesystem>
#include <optional>

namespace gpt2::testing {

/// Sizes for tests. Argument order: L, H, C, P, V.
Config makeConfig(int64_t layers, int64_t heads, int64_t channels,
                  int64_t context, int64_t vocab);

/// Weights from the formula of model/checkpoint/random.cpp.
Weights randomWeights(const Config &config);

/// The largest difference between two sets of weights.
double distance(const Weights &a, const Weights &b);

/// `count` ids spread over the vocabulary.
std::vector<int32_t> someTokens(const Config &config, int64_t count);

/// A safetensors file in pieces, so that a test can make any of them lie.
struct SafetensorsFile {
  struct Tensor {
    std::string name, dtype;
    std::vector<int64_t> shape;
    std::string bytes;
  };
  std::vector<Tensor> tensors;

  /// The weights as Hugging Face stores them.
  static SafetensorsFile of(const Weights &weights, ElementType type,
                            const std::string &prefix = "");

  Tensor &operator[](const std::string &name);

  /// The header that describes `tensors` honestly.
  std::string header() const;

  /// Writes length, `header` and data.
  void write(const std::filesystem::path &file,
             const std::string &header) const;
  void write(const std::filesystem::path &file) const { write(file, header()); }
};

/// config.json for `config`.
void writeConfig(const std::filesystem::path &file, const Config &config);

/// llm.c's checkpoint, version 3 (F32) or 5 (BF16), its vocabulary padded to a
/// multiple of 128.
void writeLlmc(const std::filesystem::path &file, const Weights &weights,
               ElementType type);

/// A continuation of maximum likelihood that others have published.
struct Published {
  const char *model;  ///< a public model's name
  const char *folder; ///< the environment variable that may say where it is
  const char *prompt, *text;
  std::vector<int32_t> ids; ///< of both
};

/// Of GPT-2 small and of its distilled form.
const std::vector<Published> &publishedTexts();

/// Where the model of `published` is; none if it is not on this machine.
std::optional<std::filesystem::path> whereIs(const Published &published);

} // namespace gpt2::testing
