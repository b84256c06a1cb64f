//===- run_schedule.cpp - A text in the transform dialect, carried out --===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What upstream does in two passes is one here: loading a library changes
// nothing in a program, and a pass of ours has to.
//
//===----------------------------------------------------------------------===//
#include "compiler/passes/passes.h"

#include "mlir/Dialect/Transform/IR/TransformDialect.h"
#include "mlir/Dialect/Transform/Transforms/TransformInterpreterUtils.h"
#include "mlir/Dialect/Transform/TuneExtension/TuneExtensionOps.h"
#include "mlir/IR/BuiltinOps.h"

using namespace mlir;

namespace gpt2 {

#define GEN_PASS_DEF_RUNSCHEDULE
#include "compiler/passes/Passes.h.inc"

namespace {

struct RunSchedule : impl::RunScheduleBase<RunSchedule> {
  using Base::Base;

  LogicalResult initialize(MLIRContext *) final {
    registerPasses(); // a schedule may name them
    return success();
  }

  void runOnOperation() final {
    if (files.empty()) {
      getOperation().emitError("run-schedule has no files");
      return signalPassFailure();
    }
    OwningOpRef<ModuleOp> library;
    std::vector<std::string> paths(files.begin(), files.end());
    if (failed(transform::detail::assembleTransformLibraryFromPaths(
            &getContext(), paths, library)))
      return signalPassFailure();
    if (failed(selectNumbers(*library)))
      return signalPassFailure();
    transform::TransformOpInterface entry =
        transform::detail::findTransformEntryPoint(*library, ModuleOp(),
                                                   sequence);
    if (!entry ||
        failed(transform::applyTransformNamedSequence(
            getOperation(), entry, *library, transform::TransformOptions())))
      signalPassFailure();
  }

  /// Has the knobs of `library` select `numbers`.
  LogicalResult selectNumbers(ModuleOp library) {
    for (const std::string &text : numbers) {
      auto [name, digits] = StringRef(text).split('=');
      int64_t number = 0;
      if (digits.getAsInteger(10, number) || number < 1)
        return getOperation().emitError("run-schedule: ")
               << text << ": expected a knob's name, = and a number above 0";
      bool isFound = false;
      library.walk([&, name = name](transform::tune::KnobOp knob) {
        if (knob.getName() != name)
          return;
        isFound = true;
        Builder builder(&getContext());
        Attribute selected = builder.getI64IntegerAttr(number);
        knob.setSelectedAttr(selected);
        knob.setOptionsAttr(builder.getArrayAttr(selected));
      });
      if (!isFound)
        return getOperation().emitError("run-schedule: the schedule has no "
                                        "knob \"")
               << name << "\"";
    }
    return success();
  }
};

} // namespace
} // namespace gpt2
