//===- lowered_gpu.cpp - Modules lowered for a chip, for tests ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "testing/lowered_gpu.h"
#include "compiler/codegen/codegen.h"
#include "compiler/dialect/dialect.h"
#include "compiler/pipeline/pipelines.h"
#include "support/error.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/GPU/Transforms/Passes.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Target/TargetMachine.h"

namespace gpt2::testing {
LoweredGpu::LoweredGpu(const std::string &text, const std::string &chip,
                       bool hasHost)
    : target(GpuTarget::of(chip)), context(dialectRegistry()),
      module(mlir::parseSourceString<mlir::ModuleOp>(text, &context)) {
  mlir::PassManager pm(&context);
  if (hasHost)
    pm.addPass(mlir::createGpuKernelOutliningPass());
  addGpuLowering(pm, target);
  if (hasHost) {
    pm.addPass(mlir::createSCFToControlFlowPass());
    pm.addPass(mlir::createGpuToLLVMConversionPass());
    pm.addPass(createLowerGpuLaunches());
  }
  pm.addPass(mlir::createReconcileUnrealizedCastsPass());
  if (!module || failed(pm.run(*module)))
    throw Error("the test's module could not be lowered");
}

mlir::gpu::GPUModuleOp LoweredGpu::kernels() {
  return *module->getOps<mlir::gpu::GPUModuleOp>().begin();
}

LoadedArchive LoweredGpu::host() {
  kernels().erase();
  llvm::LLVMContext llvmContext;
  auto machine = createHostTargetMachine();
  auto ir = translateAndOptimize(*module, llvmContext, *machine, 2);
  return LoadedArchive(generateArchive(*ir));
}

void **KernelArguments::pointers() {
  all.clear();
  for (int64_t &word : words)
    all.push_back(&word);
  return all.data();
}

const char *const blockSums = R"mlir(
gpu.module @kernels {
  gpu.func @sums(%x: memref<3x256xf32>, %y: memref<3xf32>)
      workgroup(%s: memref<8xf32, #gpu.address_space<workgroup>>)
      kernel attributes {known_block_size = array<i32: 256, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c32 = arith.constant 32 : index
    %zero = arith.constant 0.0 : f32
    %t = gpu.thread_id x
    %row = gpu.block_id x
    %threads = gpu.block_dim x
    %v = memref.load %x[%row, %t] : memref<3x256xf32>
    %e = math.exp %v : f32
    %part = gpu.subgroup_reduce add %e cluster(size = 32) : (f32) -> f32
    %which = arith.divui %t, %c32 : index
    %lane = arith.remui %t, %c32 : index
    %leads = arith.cmpi eq, %lane, %c0 : index
    scf.if %leads {
      memref.store %part, %s[%which]
          : memref<8xf32, #gpu.address_space<workgroup>>
    }
    gpu.barrier
    %first = arith.cmpi eq, %t, %c0 : index
    scf.if %first {
      %parts = arith.divui %threads, %c32 : index
      %sum = scf.for %i = %c0 to %parts step %c1 iter_args(%a = %zero) -> (f32) {
        %p = memref.load %s[%i] : memref<8xf32, #gpu.address_space<workgroup>>
        %b = arith.addf %a, %p : f32
        scf.yield %b : f32
      }
      %r = math.tanh %sum : f32
      memref.store %r, %y[%row] : memref<3xf32>
    }
    gpu.return
  }
})mlir";

} // namespace gpt2::testing
