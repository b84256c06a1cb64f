//===- matrix_units.h - Chips whose lanes multiply matrices together ----===//
#pragma once

#include "compiler/codegen/gpu_target.h"

#include "mlir/Pass/Pass.h"

#include <memory>

namespace gpt2 {

/// Whether `target` has an instruction for products of bf16 tiles that
/// distribute-tiles knows: NVIDIA since Ampere (sm_80), AMD's CDNA 2 and 3
/// (gfx90a, gfx94*, gfx950) and RDNA 3 (gfx11*).
bool hasMatrixUnits(const GpuTarget &target);

/// `distribute-tiles`: see distribute_tiles.cpp.
std::unique_ptr<mlir::Pass>
createDistributeTiles(const std::string &chip = "sm_90");

/// `prefer-kernels`: see prefer_kernels.cpp.
std::unique_ptr<mlir::Pass> createPreferKernels(const std::string &suffix = "");

} // namespace gpt2
