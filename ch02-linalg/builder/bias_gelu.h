//===- bias_gelu.h - A kernel made by C++ and not by a parser -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace gpt2::ch02_linalg {

/// Adds @bias_gelu to `module`: x (T, C), b (C) -> gelu(x + b) (T, C). The
/// dialects func, arith, math, tensor and linalg must be loaded.
mlir::func::FuncOp buildBiasGelu(mlir::ModuleOp module);

} // namespace gpt2::ch02_linalg
