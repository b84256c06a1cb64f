//===- attributes.h - What programs say of themselves -------------------===//
#pragma once

#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <map>
#include <string>

namespace gpt2 {

/// Sizes by the letters that `gpt2.shape` uses: {"C", 768}. A letter that is
/// absent stays `?`.
using Sizes = std::map<std::string, int64_t>;

/// The attribute of an entry's arguments that names their sizes.
inline constexpr llvm::StringLiteral shapeAttr = "gpt2.shape";

/// The attribute of an entry that says how many tokens it is given at most.
inline constexpr llvm::StringLiteral contextAttr = "gpt2.context";

/// The attributes of an entry's arguments that are matrices of weights, and
/// that keep keys and values.
inline constexpr llvm::StringLiteral matrixAttr = "gpt2.matrix";
inline constexpr llvm::StringLiteral cacheAttr = "gpt2.cache";

/// Those of arguments that hold, for each column of a matrix in i8, its scale
/// and the sum of its elements: see `quantize-matrices`.
inline constexpr llvm::StringLiteral scalesAttr = "gpt2.scales";
inline constexpr llvm::StringLiteral sumsAttr = "gpt2.sums";

/// The attributes of linalg operations that say where one is from, that it
/// computes its kernel's result, and that its rows are in blocks.
inline constexpr llvm::StringLiteral operationAttr = "gpt2.op";
inline constexpr llvm::StringLiteral resultAttr = "gpt2.result";
inline constexpr llvm::StringLiteral blockedAttr = "gpt2.blocked";

} // namespace gpt2
