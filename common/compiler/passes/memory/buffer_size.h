//===- buffer_size.h - How large a buffer can get -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "mlir/Dialect/MemRef/IR/MemRef.h"

#include <optional>

namespace gpt2 {

/// The bytes of an element in a buffer of `type`; nothing if they depend on how
/// it is lowered, as those of a memref do.
std::optional<int64_t> elementBytes(mlir::MemRefType type);

/// The bytes of the elements of `buffer`, a memref. Of an open size, the
/// largest value that follows from how it is computed, at most `max`; nothing
/// if there is neither, or an element's bytes are not known.
std::optional<int64_t> largestBytes(mlir::Value buffer,
                                    std::optional<int64_t> max = {});

} // namespace gpt2
