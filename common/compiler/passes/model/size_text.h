//===- size_text.h - Sizes, as options and attributes say them ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "compiler/dialect/attributes.h"

#include "mlir/IR/Diagnostics.h"

#include <optional>

namespace gpt2 {

/// The sizes that an option of `pass` gives: L=12,C=768. An error if one is not
/// a letter and a number.
mlir::FailureOr<Sizes> parseSizes(mlir::MLIRContext *context,
                                  llvm::ArrayRef<std::string> texts,
                                  llvm::StringRef pass);

/// A dimension in `gpt2.shape`, "3C": a size, so many times. Without a letter
/// it is a number.
struct NamedSize {
  int64_t factor = 1;
  llvm::StringRef letter;

  /// `text` as such; nothing if its number does not fit.
  static std::optional<NamedSize> parse(llvm::StringRef text);
  /// Its value; nothing if its letter is not `known`, or the value does not
  /// fit.
  std::optional<int64_t> valueFor(const Sizes &known) const;
};

} // namespace gpt2
