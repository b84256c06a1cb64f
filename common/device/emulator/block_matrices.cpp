//===- block_matrices.cpp - What a subgroup's lanes compute together -----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "device/emulator/block.h"

#include <bit>
#include <cstring>

namespace gpt2 {

void EmulatedBlock::multiply(MatrixUnit unit, const uint16_t *a,
                             const uint16_t *b, const float *c, float *d) {
  Thread &self = threads[running];
  auto lane = static_cast<int>(this->lane());
  Product &product = products[running / subgroupSize][self.products++ % 2];
  MatrixShape shape = shapeOf(unit);
  for (int i = 0; i < shape.a; ++i) {
    auto [row, column] = placeInA(unit, lane, i);
    product.a[row][column] = std::bit_cast<float>(uint32_t{a[i]} << 16);
  }
  for (int i = 0; i < shape.b; ++i) {
    auto [row, column] = placeInB(unit, lane, i);
    product.b[row][column] = std::bit_cast<float>(uint32_t{b[i]} << 16);
  }
  // Every lane has brought its part when all have come.
  uint64_t all = ~uint64_t{0} >> (64 - subgroupSize);
  exchange(0, 0, all, 0);
  for (int i = 0; i < shape.c; ++i) {
    auto [row, column] = placeInC(unit, lane, i);
    float sum = c[i];
    for (int k = 0; k < 16; ++k)
      sum += product.a[row][k] * product.b[k][column];
    d[i] = sum;
  }
}

void EmulatedBlock::loadMatrices(const void *row, bool isTransposed,
                                 uint32_t *parts) {
  Thread &self = threads[running];
  check(reinterpret_cast<uintptr_t>(row), 16, 16, Access::Read);
  uint32_t turn = self.loads++ % 2;
  std::memcpy(self.rows[turn].data(), row, 16);
  exchange(0, 0, ~uint64_t{0} >> (64 - subgroupSize), 0);
  unsigned first = subgroupBegin(running);
  unsigned lane = this->lane();
  for (unsigned matrix = 0; matrix < 4; ++matrix) {
    auto at = [&](unsigned i, unsigned j) -> uint32_t {
      return threads[first + 8 * matrix + i].rows[turn][j];
    };
    unsigned i = lane / 4, j = lane % 4 * 2;
    parts[matrix] = isTransposed ? at(j, i) | at(j + 1, i) << 16
                                 : at(i, j) | at(i, j + 1) << 16;
  }
}

} // namespace gpt2
