//===- config.h - The sizes of a GPT-2 ----------------------------------===//
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace gpt2 {

/// Sizes of a GPT-2 of any width and depth. The defaults are GPT-2 small's
/// (Radford et al. 2019, table 2). The letters are those of common/gpt2.mlir.
struct Config {
  int64_t layers = 12;    ///< L
  int64_t heads = 12;     ///< H
  int64_t channels = 768; ///< C, a multiple of H
  int64_t context = 1024; ///< P, the longest sequence
  int64_t vocab = 50257;  ///< V, the tokens known
  int32_t endOfText = 50256;

  /// D: channels of one head.
  int64_t headDim() const { return channels / heads; }

  /// Number of weights; the output embedding is the input embedding.
  int64_t parameters() const;

  /// "12 layers, 12 heads, 768 channels, context 1024, vocabulary 50257".
  std::string describe() const;

  /// Throws an Error that starts with `source` if a size is zero, absurd, or
  /// heads do not divide channels.
  void validate(const std::string &source) const;

  /// Reads Hugging Face's `config.json`. Throws an Error on a missing or
  /// ill-typed field, on sizes `validate` refuses, and on variants of the
  /// architecture that GPT-2 is not (another activation or epsilon, untied
  /// embeddings).
  static Config fromJson(const std::filesystem::path &file);

  bool operator==(const Config &) const = default;
};

} // namespace gpt2
