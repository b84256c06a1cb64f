//===- name_kernels.cpp - Launches get their kernels' names -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/passes/passes.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/Path.h"

using namespace mlir;

namespace gpt2 {

#define GEN_PASS_DEF_NAMEKERNELS
#include "compiler/passes/Passes.h.inc"

namespace {

/// The file that an operation was written in, without folder and extension.
std::string stemOf(Location location) {
  if (auto inlined = dyn_cast<CallSiteLoc>(location))
    return stemOf(inlined.getCallee());
  if (auto fused = dyn_cast<FusedLoc>(location))
    return stemOf(fused.getLocations().front());
  if (auto named = dyn_cast<NameLoc>(location))
    return stemOf(named.getChildLoc());
  if (auto file = dyn_cast<FileLineColLoc>(location))
    return llvm::sys::path::stem(file.getFilename().getValue()).str();
  return "kernel";
}

struct NameKernels : impl::NameKernelsBase<NameKernels> {
  void runOnOperation() final {
    llvm::StringMap<unsigned> uses;
    getOperation().walk([&](gpu::LaunchOp launch) {
      std::string stem = stemOf(launch.getLoc());
      unsigned before = uses[stem]++;
      if (before)
        stem += "_" + std::to_string(before);
      auto symbol = [&](StringRef name) {
        return FlatSymbolRefAttr::get(&getContext(), name);
      };
      launch.setModuleAttr(symbol("kernels"));
      launch.setFunctionAttr(symbol(stem));
    });
  }
};

} // namespace
} // namespace gpt2
