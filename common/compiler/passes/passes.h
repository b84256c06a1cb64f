//===- passes.h - The passes of our own ---------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Passes.td says what each of them is, and mlir-tblgen writes from it what is
// declared here: of a pass `block-rows` the struct BlockRowsOptions and the
// functions createBlockRows(), with and without options.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/dialect/attributes.h"

#include "mlir/Pass/Pass.h"

#include <memory>
#include <string>

namespace gpt2 {

#define GEN_PASS_DECL
#include "compiler/passes/Passes.h.inc"

/// `sizes` as passes take them: C=768.
llvm::SmallVector<std::string> sizeOptions(const Sizes &sizes);

/// Makes the passes known by name, to `gpt2-opt` and to pipelines and schedules
/// given as text. May be called again.
void registerPasses();

} // namespace gpt2
