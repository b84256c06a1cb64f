//===- memref_copy.cpp - What a library calls to copy a buffer ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A copy between buffers whose rows do not follow each other calls memrefCopy,
// which is in MLIR's runner library; gpt2-run has none of LLVM's.
//
//===----------------------------------------------------------------------===//
#include <cstdint>
#include <cstring>

namespace {

/// MLIR's unranked memref: a rank, and a descriptor of that rank, which is two
/// pointers, an offset, and then sizes and strides, in elements.
struct Unranked {
  int64_t rank;
  const struct {
    char *allocated, *aligned;
    int64_t offset, shape[];
  } * descriptor;

  int64_t size(int64_t dim) const { return descriptor->shape[dim]; }
  int64_t stride(int64_t dim) const { return descriptor->shape[rank + dim]; }
};

/// Of `from`, what lies behind the dimensions before `dim`.
void copy(int64_t bytes, const Unranked &from, const Unranked &to, int64_t dim,
          int64_t source, int64_t target) {
  if (dim == from.rank) {
    std::memcpy(to.descriptor->aligned + target * bytes,
                from.descriptor->aligned + source * bytes,
                static_cast<size_t>(bytes));
    return;
  }
  for (int64_t i = 0; i < from.size(dim); ++i)
    copy(bytes, from, to, dim + 1, source + i * from.stride(dim),
         target + i * to.stride(dim));
}

} // namespace

/// Copies elements of `bytes` each between buffers of one shape.
extern "C" void memrefCopy(int64_t bytes, const Unranked *from,
                           const Unranked *to) {
  copy(bytes, *from, *to, 0, from->descriptor->offset, to->descriptor->offset);
}
