//===- packed_layout.h - How a program wants one of its matrices --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "model/element_type.h"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace gpt2 {

/// How a program wants a matrix that it is given: in other places than those of
/// rows one behind another, or with other elements. The compiler writes one for
/// each such argument, the runtime reads it (program_abi::packedLayout).
struct PackedLayout {
  ElementType type = ElementType::F32; ///< of it
  int64_t rows = 1;           ///< of the plain tensor that make one of it
  std::vector<int64_t> shape; ///< of it

  /// An argument of the entries that holds a number for each of its columns.
  struct ColumnVector {
    int64_t argument; ///< of the entries, from 0
    std::vector<int64_t> shape;

    bool operator==(const ColumnVector &) const = default;
  };
  /// Scales, f32, and sums of elements, i32, if it has such.
  std::optional<ColumnVector> scales, sums;

  bool operator==(const PackedLayout &) const = default;

  /// As it stands in a program: the bits of an element, `rows`, the sizes
  /// behind their number; for each vector its argument and sizes, or -1.
  std::vector<int64_t> encode() const;
  static PackedLayout decode(const int64_t *words);
};

} // namespace gpt2
