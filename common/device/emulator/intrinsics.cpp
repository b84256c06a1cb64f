//===- intrinsics.cpp - What emulated kernels call -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "device/emulator/intrinsics.h"
#include "device/emulator/block.h"

using gpt2::EmulatedBlock;

namespace {

uint32_t pick(const gpt2::Dim3 &of, uint32_t dimension) {
  return dimension == 0 ? of.x : dimension == 1 ? of.y : of.z;
}

} // namespace

uint32_t gpt2_emulator_thread_id(uint32_t dimension) {
  return pick(EmulatedBlock::current().threadId(), dimension);
}
uint32_t gpt2_emulator_block_id(uint32_t dimension) {
  return pick(EmulatedBlock::current().blockId(), dimension);
}
uint32_t gpt2_emulator_block_size(uint32_t dimension) {
  return pick(EmulatedBlock::current().blockSize(), dimension);
}
uint32_t gpt2_emulator_grid_size(uint32_t dimension) {
  return pick(EmulatedBlock::current().gridSize(), dimension);
}
uint32_t gpt2_emulator_lane() { return EmulatedBlock::current().lane(); }
void *gpt2_emulator_shared() { return EmulatedBlock::current().shared(); }
void gpt2_emulator_barrier() { EmulatedBlock::current().barrier(); }
uint32_t gpt2_emulator_exchange(uint32_t value, uint32_t source, uint64_t mask,
                                uint32_t site) {
  return EmulatedBlock::current().exchange(value, source, mask, site);
}
void gpt2_emulator_matrix(uint32_t unit, const uint16_t *a, const uint16_t *b,
                          const float *c, float *d) {
  EmulatedBlock::current().multiply(static_cast<gpt2::MatrixUnit>(unit), a, b,
                                    c, d);
}
void gpt2_emulator_load_matrices(const void *row, uint32_t isTransposed,
                                 uint32_t *parts) {
  EmulatedBlock::current().loadMatrices(row, isTransposed, parts);
}
void gpt2_emulator_check(const void *address, uint64_t size, uint32_t alignment,
                         uint32_t access) {
  EmulatedBlock::current().check(reinterpret_cast<uintptr_t>(address), size,
                                 alignment, static_cast<gpt2::Access>(access));
}
