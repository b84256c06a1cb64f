//===- quantize_rows.h - What matrices in eight bits multiply -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace gpt2 {

/// Quantizes `rows`, a tensor of f32 (..., k), row by row as the program runs:
/// returns a tensor of u8 around 128 (..., k), and in `largest` a tensor of i32
/// (...), the bits of each row's largest magnitude. See `quantize-matrices`.
mlir::Value quantizeRows(mlir::ImplicitLocOpBuilder &builder, mlir::Value rows,
                         mlir::Value &largest);

/// `value`, f32, between `least` and `most`, which can become an integer: what
/// is not a number would have no value as one. That becomes `least`.
mlir::Value clamp(mlir::ImplicitLocOpBuilder &builder, mlir::Value value,
                  float least, float most);

} // namespace gpt2
