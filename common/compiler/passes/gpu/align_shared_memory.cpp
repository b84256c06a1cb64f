//===- align_shared_memory.cpp - Blocks' memory at multiples of 16 bytes --===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/passes/passes.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;

namespace gpt2 {

#define GEN_PASS_DEF_ALIGNSHAREDMEMORY
#include "compiler/passes/Passes.h.inc"

namespace {

struct AlignSharedMemory : impl::AlignSharedMemoryBase<AlignSharedMemory> {
  void runOnOperation() final {
    Builder builder(&getContext());
    StringRef name = LLVM::LLVMDialect::getAlignAttrName();
    getOperation()->walk([&](gpu::GPUFuncOp kernel) {
      for (unsigned i = 0; i < kernel.getNumWorkgroupAttributions(); ++i) {
        auto own = dyn_cast_or_null<IntegerAttr>(
            kernel.getWorkgroupAttributionAttr(i, name));
        if (!own || own.getInt() < 16)
          kernel.setWorkgroupAttributionAttr(i, name,
                                             builder.getI64IntegerAttr(16));
      }
    });
  }
};

} // namespace
} // namespace gpt2
