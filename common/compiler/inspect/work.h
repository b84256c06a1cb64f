//===- work.h - What a part of a program does ---------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "mlir/IR/Operation.h"
#include "llvm/ADT/DenseSet.h"

#include <map>
#include <vector>

namespace gpt2 {

/// An address that loads and stores use: a buffer or a part of it, at indices.
using Address = std::vector<void *>;

/// What happens at one address while some part of the program runs.
struct Access {
  mlir::Value buffer; ///< the whole one that the address lies in
  llvm::DenseSet<mlir::Value>
      moves;            ///< the loop variables that the address depends on
  double footprint = 0; ///< distinct bytes
  double read = 0, written = 0; ///< bytes between memory and cache
};

/// What a part of the program does.
struct Work {
  double flops = 0, calls = 0, allocations = 0;
  double launches = 0, blocks = 0, threads = 0;
  std::map<Address, Access> accesses;

  /// Distinct bytes, of no buffer more than it has.
  double footprint() const;

  /// Adds what happens next.
  void add(Work &&part);

  /// Adds `iterations` of the loop or launch that counts `variable`, each like
  /// `iteration`, with a cache of `cacheBytes`.
  void addIterations(const Work &iteration, double iterations,
                     mlir::Value variable, double cacheBytes);
};

/// What one operation does that is neither loop nor launch nor branch, a lane
/// of `subgroupSize` if lanes do it together. Shared memory and registers are
/// not memory.
Work workOf(mlir::Operation *op, unsigned subgroupSize);

/// The bytes of `buffer`, a memref. Throws an Error if they are not known.
double bytesOf(mlir::Value buffer);

/// Adds the loop variables that `value` is computed from, or from what is
/// loaded.
void collectMoves(mlir::Value value, llvm::DenseSet<mlir::Value> &moves);

} // namespace gpt2
