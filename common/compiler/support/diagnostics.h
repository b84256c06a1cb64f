//===- diagnostics.h - MLIR's diagnostics as our errors -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "mlir/IR/Diagnostics.h"
#include "llvm/Support/SourceMgr.h"

#include <string>

namespace gpt2 {

/// While it lives, collects what MLIR reports on `context` as text: file, line,
/// column, message, the source line with a caret where there is one.
class Diagnostics {
public:
  explicit Diagnostics(mlir::MLIRContext &context)
      : stream(collected), handler(sources, &context, stream) {}

  /// What was reported so far.
  const std::string &text() { return collected; }

private:
  std::string collected;
  llvm::raw_string_ostream stream;
  llvm::SourceMgr sources; ///< files that are reported on are opened into it
  mlir::SourceMgrDiagnosticHandler handler;
};

} // namespace gpt2
