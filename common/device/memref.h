//===- memref.h - How compiled code is handed a tensor ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "model/element_type.h"

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <vector>

namespace gpt2 {

/// The descriptor that MLIR's C interface passes for a memref of any rank
/// (MLIR documentation, "LLVM IR Target", ranked memrefs): two pointers, an
/// offset, sizes, strides, one machine word each. Does not own the data.
class MemRef {
public:
  /// Row-major elements of type T at `data`.
  template <typename T>
  MemRef(T *data, const std::vector<int64_t> &shape)
      : words(3 + 2 * shape.size()) {
    words[0] = words[1] = reinterpret_cast<int64_t>(data);
    int64_t stride = 1;
    for (size_t i = shape.size(); i-- > 0; stride *= shape[i]) {
      words[3 + i] = shape[i];
      words[3 + shape.size() + i] = stride;
    }
    size = static_cast<size_t>(stride) * sizeof(T);
  }

  /// Row-major elements of `type` at `data`.
  MemRef(ElementType type, void *data, const std::vector<int64_t> &shape)
      : MemRef(static_cast<char *>(data), shape) {
    size *= sizeOf(type);
  }

  void *descriptor() { return words.data(); }

  void *data() const { return reinterpret_cast<void *>(words[0]); }
  /// Of all elements.
  size_t bytes() const { return size; }

  /// The same shape at the same address.
  bool operator==(const MemRef &) const = default;

  /// The same shape at another address.
  MemRef at(void *address) const {
    MemRef moved = *this;
    moved.words[0] = moved.words[1] = reinterpret_cast<int64_t>(address);
    return moved;
  }

private:
  std::vector<int64_t> words;
  size_t size = 0;
};

/// Calls `entry`, a function with `llvm.emit_c_interface` whose arguments are
/// memrefs and which returns nothing. Throws an Error if there are more
/// arguments than can be passed (40).
void callEntry(void *entry, std::span<MemRef> arguments);

} // namespace gpt2
