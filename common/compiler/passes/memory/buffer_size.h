//===- buffer_size.h - How large a buffer can get -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "mlir/Dialect/MemRef/IR/MemRef.h"

#include <optional>

namespace gpt2 {

/// The bytes of the elements of `buffer`, a memref. Of an open size, the
/// largest value that follows from how it is computed, at most `max`; nothing
/// if there is neither.
std::optional<int64_t> largestBytes(mlir::Value buffer,
                                    std::optional<int64_t> max = {});

} // namespace gpt2
