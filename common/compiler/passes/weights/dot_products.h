//===- dot_products.h - Instructions that add several products ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "llvm/ADT/StringRef.h"

namespace gpt2 {

/// The intrinsics that `dot-products` makes, of sums and two factors; a
/// vector's bits follow.
inline constexpr llvm::StringLiteral dotsOfBf16 =
    "llvm.x86.avx512bf16.dpbf16ps.";
inline constexpr llvm::StringLiteral dotsOfI8 = "llvm.x86.avx512.vpdpbusd.";

/// Whether `intrinsic` is one of them.
inline bool isDotProduct(llvm::StringRef intrinsic) {
  return intrinsic.starts_with(dotsOfBf16) || intrinsic.starts_with(dotsOfI8);
}

} // namespace gpt2
