//===- attributes.h - What programs and schedules say of themselves -----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Attributes of ours, by name. dialect.cpp says where each may stand and of
// what kind it is, and refuses any other.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <map>
#include <string>

namespace gpt2 {

/// Sizes by the letters that `gpt2.shape` uses: {"C", 768}. A letter that is
/// absent stays `?`.
using Sizes = std::map<std::string, int64_t>;

/// Of an entry's arguments: its sizes, "L x C x 3C"; of an index, the size that
/// it is, "H".
inline constexpr llvm::StringLiteral shapeAttr = "gpt2.shape";
inline constexpr llvm::StringLiteral sizeAttr = "gpt2.size";

/// Of an entry: how many tokens it is given at most.
inline constexpr llvm::StringLiteral contextAttr = "gpt2.context";

/// Of an entry's arguments: a matrix of weights; what keeps keys or values; the
/// embedding of tokens, and the matrix that logits are made with.
inline constexpr llvm::StringLiteral matrixAttr = "gpt2.matrix";
inline constexpr llvm::StringLiteral cacheAttr = "gpt2.cache";
inline constexpr llvm::StringLiteral embeddingAttr = "gpt2.embedding";
inline constexpr llvm::StringLiteral lmHeadAttr = "gpt2.lm_head";

/// Of arguments that hold, for each column of a matrix in i8, its scale and the
/// sum of its elements: which argument the matrix is, and which dimension its
/// columns are. See quantize_matrices.cpp.
inline constexpr llvm::StringLiteral scalesAttr = "gpt2.scales";
inline constexpr llvm::StringLiteral sumsAttr = "gpt2.sums";

/// Of an operation: where it is from; that it computes its kernel's result;
/// that its rows are in blocks.
inline constexpr llvm::StringLiteral operationAttr = "gpt2.op";
inline constexpr llvm::StringLiteral resultAttr = "gpt2.result";
inline constexpr llvm::StringLiteral blockedAttr = "gpt2.blocked";

/// Of a constant: its name, by which set-constants knows it.
inline constexpr llvm::StringLiteral constantAttr = "gpt2.constant";

/// Of a loop: unroll-marked-loops writes it out.
inline constexpr llvm::StringLiteral unrollAttr = "gpt2.unroll";

/// Of a vector.transfer_read or a product: which factor of a matrix unit's it
/// is, see distribute_tiles.cpp.
inline constexpr llvm::StringLiteral roleAttr = "gpt2.role";

/// Of a schedule, a module in the transform dialect: the features that a CPU
/// must have for it, or the chips that it is for, a regular expression.
inline constexpr llvm::StringLiteral featuresAttr = "gpt2.features";
inline constexpr llvm::StringLiteral chipsAttr = "gpt2.chips";
/// And with which features a CPU adds several products by one instruction, and
/// to how many sums of 32 bits.
inline constexpr llvm::StringLiteral dotProductsBf16Attr =
    "gpt2.dot_products_bf16";
inline constexpr llvm::StringLiteral dotProductsI8Attr = "gpt2.dot_products_i8";
inline constexpr llvm::StringLiteral dotProductLanesAttr =
    "gpt2.dot_product_lanes";

} // namespace gpt2
