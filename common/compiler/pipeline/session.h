//===- session.h - A compilation as it goes on --------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "compiler/pipeline/request.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"

#include <span>

namespace gpt2 {

/// A request's program while passes work on it: the module, and the context in
/// which it lives.
class Session {
public:
  /// Links the request's sources. Throws an Error if they do not fit together.
  explicit Session(const CompileRequest &request);

  mlir::ModuleOp module() { return *linked; }

  /// Runs `stages` one after another. Throws an Error that names the pass which
  /// failed and the file that holds the program as it was before the stages.
  /// `configure` is called with the pass manager before it runs.
  void run(std::span<const Stage> stages,
           const std::function<void(mlir::PassManager &)> &configure = nullptr);

  /// The program as text.
  std::string print();

private:
  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> linked;
};

} // namespace gpt2
