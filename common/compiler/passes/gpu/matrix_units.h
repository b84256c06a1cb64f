//===- matrix_units.h - Chips whose lanes multiply matrices together ----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "compiler/codegen/gpu_target.h"

namespace gpt2 {

/// Whether `target` has an instruction for products of bf16 tiles that
/// distribute-tiles knows: NVIDIA since Ampere (sm_80), AMD's CDNA 2 and 3
/// (gfx90a, gfx94*, gfx950) and RDNA 3 (gfx11*).
bool hasMatrixUnits(const GpuTarget &target);

} // namespace gpt2
