//===- config.h - The sizes of a GPT-2 ----------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace gpt2 {

/// What stands between the two products of the MLP.
enum class Activation {
  GeluTanh, ///< the tanh form, GPT-2's own; kernel file gelu.mlir
  Gelu,     ///< x times the normal distribution function; gelu_erf.mlir
  Relu,     ///< relu.mlir
};

/// Sizes of a GPT-2 of any width and depth, and in what it may differ from the
/// original. The defaults are GPT-2 small's (Radford et al. 2019, table 2). The
/// letters are those of common/gpt2.mlir.
struct Config {
  int64_t layers = 12;    ///< L
  int64_t heads = 12;     ///< H
  int64_t channels = 768; ///< C, a multiple of H
  int64_t context = 1024; ///< P, the longest sequence
  int64_t vocab = 50257;  ///< V, rows of the embedding
  /// The tokens that end a text; none: no token does.
  std::vector<int32_t> endOfText{50256};
  /// What an empty prompt begins with; none: nothing can.
  std::optional<int32_t> beginOfText = 50256;
  /// Rows of the embedding that no token has, as a padded vocabulary's last
  /// ones: never chosen. The tokenizer knows them.
  std::vector<int32_t> unusedTokens;

  std::optional<int64_t> innerChannels = {}; ///< F, if it is not 4 C
  Activation activation = Activation::GeluTanh;
  double epsilon = 1e-5; ///< of layer normalisation
  /// Whether attention's scores are divided by the square root of D,
  bool scalesScores = true;
  /// and by the layer's number, from 1.
  bool scalesByLayer = false;
  /// Whether logits are made with the input embedding; otherwise the model has
  /// a matrix for them, lm_head.weight.
  bool isTied = true;

  /// D: channels of one head.
  int64_t headDim() const { return channels / heads; }
  /// F: channels between the two products of the MLP.
  int64_t inner() const { return innerChannels.value_or(4 * channels); }

  bool endsText(int32_t token) const;

  /// Number of weights; an output embedding that is the input embedding counts
  /// once.
  int64_t parameters() const;

  /// "12 layers, 12 heads, 768 channels, context 1024, vocabulary 50257".
  std::string describe() const;

  /// What a program is compiled for, by name: {"channels", "768"}. A program
  /// for a model with other traits would compute something else.
  std::vector<std::pair<std::string, std::string>> traits() const;

  /// Throws an Error that starts with `source` if a size is zero, absurd, or
  /// heads do not divide channels.
  void validate(const std::string &source) const;

  /// Reads Hugging Face's `config.json`, and what generation_config.json says
  /// of special tokens, if it lies beside. Whether embeddings are tied is for
  /// the weights to say. Throws an Error on a missing or ill-typed field, on
  /// sizes `validate` refuses, and on variants of the architecture that no
  /// chapter computes.
  static Config fromJson(const std::filesystem::path &file);

  bool operator==(const Config &) const = default;
};

} // namespace gpt2
