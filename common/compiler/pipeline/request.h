//===- request.h - What to compile, and how -----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "compiler/pipeline/specialization.h"
#include "compiler/pipeline/stages.h"

#include "mlir/IR/BuiltinOps.h"

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace gpt2 {

/// What to compile, and how.
struct CompileRequest {
  std::vector<std::filesystem::path> sources; ///< MLIR text, see link.h
  Pipeline stages; ///< the last one ends in the LLVM dialect
  std::vector<std::filesystem::path> inputs; ///< other files that stages read
  Target target;
  /// Beside the PTX for a GPU, add its machine code for just that chip, if
  /// there is a ptxas: drivers that are older than the PTX can load it.
  bool withCubin = false;
  /// Added to the names of entries and of what loaders look up; then no other
  /// name of the program is seen from outside, and several can be linked.
  std::string suffix;
  /// Where compiled objects are kept between runs; none keeps nothing.
  std::optional<std::filesystem::path> cacheDirectory;
  /// Run the passes even if the cache has the object: set when the user wants
  /// to see them at work.
  bool ignoreCached = false;
  /// Called with the linked program before any pass: changes that are not in
  /// the sources. What it makes is not kept in the cache.
  std::function<void(mlir::ModuleOp)> editLinked;
  /// How much LLVM optimises, 0 to 3: less is sooner done.
  unsigned llvmLevel = 3;
  /// Called with the pass manager before it runs (MLIR's own options).
  std::function<void(mlir::PassManager &)> configure;
};

} // namespace gpt2
