//===- link.cpp - One program from a skeleton and its kernels -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/pipeline/link.h"
#include "compiler/support/diagnostics.h"
#include "support/error.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Parser/Parser.h"

using namespace mlir;

namespace gpt2 {
namespace {

/// Moves the functions of `from` to the module of `symbols`. Reports and
/// returns failure if they do not fit together.
LogicalResult merge(ModuleOp from, SymbolTable &symbols) {
  for (Operation &op : llvm::make_early_inc_range(*from.getBody())) {
    auto incoming = dyn_cast<func::FuncOp>(op);
    if (!incoming)
      return op.emitError("expected only functions at the top of a source");
    auto present = symbols.lookup<func::FuncOp>(incoming.getName());
    if (present) {
      if (incoming.getFunctionType() != present.getFunctionType()) {
        InFlightDiagnostic error = incoming.emitError()
                                   << "@" << incoming.getName() << " is "
                                   << incoming.getFunctionType() << " here";
        error.attachNote(present.getLoc())
            << "and " << present.getFunctionType() << " here";
        return error;
      }
      if (incoming.isDeclaration())
        continue;
      if (!present.isDeclaration()) {
        InFlightDiagnostic error = incoming.emitError()
                                   << "@" << incoming.getName()
                                   << " is defined a second time";
        error.attachNote(present.getLoc()) << "the first definition";
        return error;
      }
      symbols.erase(present);
    }
    incoming->remove();
    symbols.insert(incoming);
  }
  return success();
}

LogicalResult requireDefinitions(ModuleOp module) {
  for (auto function : module.getOps<func::FuncOp>())
    if (function.isDeclaration())
      return function.emitError()
             << "@" << function.getName()
             << " is declared here, and no file of the chapter defines it";
  return success();
}

} // namespace

OwningOpRef<ModuleOp> link(MLIRContext &context,
                           const std::vector<std::filesystem::path> &sources) {
  Diagnostics diagnostics(context);
  OwningOpRef<ModuleOp> program =
      ModuleOp::create(UnknownLoc::get(&context), "gpt2");
  SymbolTable symbols(*program);
  for (const std::filesystem::path &path : sources) {
    if (!std::filesystem::exists(path))
      fail(path.string(), ": no such source");
    OwningOpRef<ModuleOp> parsed =
        parseSourceFile<ModuleOp>(path.string(), ParserConfig(&context));
    if (!parsed || failed(merge(*parsed, symbols)))
      fail("the chapter's sources do not link:\n", diagnostics.text());
  }
  if (failed(requireDefinitions(*program)))
    fail("the chapter's sources do not link:\n", diagnostics.text());
  // What others call is no entry, if its text says so or not.
  for (auto function : program->getOps<func::FuncOp>())
    if (!SymbolTable::symbolKnownUseEmpty(function, *program))
      function.setPrivate();
  return program;
}

} // namespace gpt2
