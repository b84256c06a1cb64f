//===- score.h - What a program does, read off its loops ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Time depends on the machine, and on who else uses it. What is counted here
// depends on the program alone: operations, and bytes moved through a cache of
// a given size.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace gpt2 {

struct Score {
  double flops = 0; ///< additions, products, divisions, maxima, functions
  double calls = 0; ///< of exp and tanh, among them
  /// Bytes between memory and a cache: a datum that is used again is read again
  /// if more than the cache holds was touched since.
  double bytesRead = 0, bytesWritten = 0;
  double allocations = 0;     ///< while the program runs
  int64_t temporaries = 0;    ///< buffers that the program holds
  int64_t temporaryBytes = 0; ///< in them
  /// Loops in the program's text, by depth: those in no other, those in one,
  /// ...
  std::vector<int64_t> loops;
  double launches = 0;            ///< of kernels
  double blocks = 0, threads = 0; ///< in them
};

/// The elements of arguments, vectors of integers, that decide how often loops
/// iteration: by the argument's number.
using KnownElements = std::map<unsigned, std::vector<int64_t>>;

/// The open sizes of arguments: by the argument's number and the dimension's.
using KnownSizes = std::map<std::pair<unsigned, unsigned>, int64_t>;

/// Scores `function`, which consists of loops, scf.for and scf.parallel, and of
/// gpu.launch, on memrefs of sizes that are static or follow from `sizes`, for
/// a cache of `cacheBytes`. Throws an Error that names the loop if the number
/// of its iterations cannot be told.
///
/// A launch is taken for loops over its blocks and over their threads. Where
/// the threads of a block part, all are counted as if they went along, since
/// the lanes of a subgroup do. Shared memory and registers are not memory.
///
/// The model is one of reuse between the iterations of a loop: what one
/// iteration touches is still there in the next if an iteration touches no more
/// than the cache holds. It counts single elements, not cache lines, and a
/// fully associative cache.
///
/// A reduction over a subgroup, of `subgroupSize` lanes if it does not say, is
/// the operations of each lane. A tile is all of a subgroup's, and each lane
/// does a part.
Score scoreOf(mlir::func::FuncOp function, double cacheBytes,
              const KnownElements &elements = {}, const KnownSizes &sizes = {},
              unsigned subgroupSize = 32);

} // namespace gpt2
