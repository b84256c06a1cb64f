//===- matrix_unit.h - What a GPU's matrix units compute ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The emulator's own account of the instructions, from the vendors' manuals:
// which lane holds what. The compiler's is fragments.cpp.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>

namespace gpt2 {

/// D = A * B + C, of bf16 and f32, by the lanes of a subgroup together.
enum class MatrixUnit : uint32_t {
  Mma,  ///< NVIDIA, mma.sync.m16n8k16: PTX ISA 9.7.14.5.8; 32 lanes
  Mfma, ///< AMD CDNA, v_mfma_f32_16x16x16_bf16: CDNA3 ISA 7.1; 64 lanes
  Wmma  ///< AMD RDNA 3, v_wmma_f32_16x16x16_bf16: RDNA3 ISA 7.9; 32 lanes
};

/// A lane's elements of each matrix. B has 16 rows, A 16 rows and columns.
struct MatrixShape {
  int a, b, c;
  int columns; ///< of B, C and D
};
MatrixShape shapeOf(MatrixUnit unit);

/// Where a lane's element is.
struct MatrixPlace {
  int row, column;
};
MatrixPlace placeInA(MatrixUnit unit, int lane, int element);
MatrixPlace placeInB(MatrixUnit unit, int lane, int element);
MatrixPlace placeInC(MatrixUnit unit, int lane, int element);

} // namespace gpt2
