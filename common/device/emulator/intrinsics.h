//===- intrinsics.h - What emulated kernels call ---------------===//
//
// One function for each thing that a GPU's thread can ask or do, by whichever
// vendor's intrinsic it was written. A block must be running on this thread.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>

extern "C" {

/// Coordinate 0, 1 or 2 of the thread in its block, of the block in the grid,
/// and the sizes of both.
uint32_t gpt2_emulator_thread_id(uint32_t dimension);
uint32_t gpt2_emulator_block_id(uint32_t dimension);
uint32_t gpt2_emulator_block_size(uint32_t dimension);
uint32_t gpt2_emulator_grid_size(uint32_t dimension);
/// The thread's number in its subgroup.
uint32_t gpt2_emulator_lane();

/// Waits until all threads of the block have called it.
void gpt2_emulator_barrier();
/// What lane `source` of the subgroup gives as `value`; the own value if that
/// lane does not take part. All lanes in `mask` must come to an exchange with
/// the same mask. With mask 0, as on AMD, those lanes take part that are at the
/// exchange `site` when no lane of the subgroup can go on.
uint32_t gpt2_emulator_exchange(uint32_t value, uint32_t source, uint64_t mask,
                                uint32_t site);

/// The lane's part of D = A * B + C by the matrix unit `unit`, a MatrixUnit:
/// bf16 and f32, as many of each as shapeOf(unit) says. All lanes of the
/// subgroup must come to it.
void gpt2_emulator_matrix(uint32_t unit, const uint16_t *a, const uint16_t *b,
                          const float *c, float *d);

/// The lane's parts of four 8 x 8 matrices of 16 bits (ldmatrix, PTX ISA
/// 9.7.14.5.15): lane 8 * i + j gives the address of row j of matrix i, 16
/// bytes; of each, every lane gets two elements side by side or, transposed,
/// one below the other.
void gpt2_emulator_load_matrices(const void *row, uint32_t isTransposed,
                                 uint32_t *parts);

/// The block's shared memory.
void *gpt2_emulator_shared();

/// Says that `size` bytes at `address` are about to be used by an instruction
/// that takes them for aligned to `alignment`.
void gpt2_emulator_check(const void *address, uint32_t size, uint32_t alignment,
                         uint32_t isWrite);
}
