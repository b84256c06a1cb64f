//===- prepack.h - How matrices are laid out when they are loaded -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "compiler/passes/weights/panels.h"

#include "mlir/IR/BuiltinOps.h"

#include <optional>

namespace gpt2 {

/// Adds to `program` what brings its argument `number`, a matrix that comes as
/// `plain` with elements of f32, to where the entries read it:
///
///   prepack_I(packed, plain)      packs some layers, or some rows if these are
///                                 cut, of argument I: a multiple of the
///                                 panels' width
///   gpt2_packed_I                 how: device/packed_layout.h
///
/// Elements are rounded to those of `plain`. For i8, see `quantize-matrices`,
/// there are vectors to fill too:
///
///   prepack_I(packed, scales, plain) or (packed, scales, sums, plain)
///
/// Without panels, elements stay where they are.
void addPrepack(mlir::ModuleOp program, unsigned number,
                mlir::RankedTensorType plain,
                const std::optional<Panels> &panels);

} // namespace gpt2
