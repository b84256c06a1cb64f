//===- run_schedule.cpp - A text in the transform dialect, carried out --===//
//
// Applies the named sequence `sequence` of `files`, which together are one
// library, to the program. What upstream does in two passes is one here:
// loading a library changes nothing in a program, and a pass of ours has to.
//
//===----------------------------------------------------------------------===//
#include "compiler/passes/passes.h"
#include "compiler/schedule/schedule.h"

#include "mlir/Dialect/Transform/IR/TransformDialect.h"
#include "mlir/Dialect/Transform/Transforms/TransformInterpreterUtils.h"
#include "mlir/IR/BuiltinOps.h"

using namespace mlir;

namespace gpt2 {
namespace {

struct RunSchedule : PassWrapper<RunSchedule, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(RunSchedule)

  RunSchedule() = default;
  RunSchedule(const RunSchedule &other) : PassWrapper(other) {}

  StringRef getName() const final { return "RunSchedule"; }
  StringRef getArgument() const final { return "run-schedule"; }
  StringRef getDescription() const final {
    return "Apply a named sequence of the transform dialect";
  }
  void getDependentDialects(DialectRegistry &registry) const final {
    registry.insert<transform::TransformDialect>();
  }

  ListOption<std::string> files{*this, "files",
                                llvm::cl::desc("With its sequences")};
  Option<std::string> sequence{*this, "sequence",
                               llvm::cl::desc("The one to apply")};

  void runOnOperation() final {
    OwningOpRef<ModuleOp> library;
    std::vector<std::string> paths(files.begin(), files.end());
    if (failed(transform::detail::assembleTransformLibraryFromPaths(
            &getContext(), paths, library)))
      return signalPassFailure();
    if (!library) {
      getOperation().emitError("run-schedule has no files");
      return signalPassFailure();
    }
    transform::TransformOpInterface entry =
        transform::detail::findTransformEntryPoint(*library, ModuleOp(),
                                                   sequence);
    if (!entry ||
        failed(transform::applyTransformNamedSequence(
            getOperation(), entry, *library, transform::TransformOptions())))
      signalPassFailure();
  }
};

} // namespace

std::unique_ptr<Pass>
createRunSchedule(const std::vector<std::filesystem::path> &files,
                  const std::string &sequence) {
  registerPasses(); // a schedule may name them
  auto pass = std::make_unique<RunSchedule>();
  for (const std::filesystem::path &file : files)
    pass->files.push_back(file.string());
  pass->sequence = sequence;
  return pass;
}

} // namespace gpt2
