//===- run_pipeline.cpp - Passes on a text, for tests -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "testing/run_pipeline.h"
#include "compiler/dialect/dialect.h"
#include "compiler/passes/passes.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"

namespace gpt2::testing {

std::string runPipeline(const std::string &text, const std::string &pipeline) {
  static const bool registered = [] {
    mlir::registerAllPasses();
    registerPasses();
    return true;
  }();
  (void)registered;
  mlir::MLIRContext context(dialectRegistry());
  std::string errors, printed;
  mlir::ScopedDiagnosticHandler handler(&context, [&](mlir::Diagnostic &d) {
    errors += d.str();
    return mlir::success();
  });
  auto module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
  mlir::PassManager pm(&context);
  llvm::raw_string_ostream errorStream(errors);
  if (!module || failed(mlir::parsePassPipeline(pipeline, pm, errorStream)) ||
      failed(pm.run(*module)))
    return "failed: " + errors;
  llvm::raw_string_ostream stream(printed);
  module->print(stream);
  return printed;
}

} // namespace gpt2::testing
