//===- gpu_codegen.h - From a gpu.module to a GPU's code ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "compiler/codegen/gpu_target.h"
#include "compiler/codegen/loaded_archive.h"
#include "device/emulator/emulator.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"

#include <memory>
#include <string>
#include <vector>

namespace llvm {
class LLVMContext;
class Module;
class TargetMachine;
} // namespace llvm

namespace gpt2 {

/// Code generation for `target`, at -O3. Throws an Error if this LLVM has none.
std::unique_ptr<llvm::TargetMachine>
createGpuTargetMachine(const GpuTarget &target);

/// The LLVM IR of a lowered gpu.module, not optimised yet.
std::unique_ptr<llvm::Module> translateGpuModule(mlir::gpu::GPUModuleOp module,
                                                 llvm::LLVMContext &context);

enum class GpuCode { Assembly, Object };

/// PTX or GCN assembly, or AMD's relocatable object, of a lowered module. There
/// are no objects for NVIDIA: its driver compiles PTX.
std::string generateGpuCode(mlir::gpu::GPUModuleOp module,
                            const GpuTarget &target, GpuCode kind);

/// What the target's driver loads: PTX, or AMD's code object.
std::string gpuImageOf(mlir::gpu::GPUModuleOp module, const GpuTarget &target);

/// The kernels of a lowered module as functions of `host` for the emulator,
/// with their table, `gpt2_emulated_kernels`. Nothing in it may be optimised
/// any more: each access is announced to the emulator before it happens.
std::unique_ptr<llvm::Module> emulateKernels(mlir::gpu::GPUModuleOp module,
                                             llvm::LLVMContext &context,
                                             llvm::TargetMachine &host);

/// The same, loaded.
class EmulatedModule {
public:
  explicit EmulatedModule(mlir::gpu::GPUModuleOp module);

  /// Their table.
  const EmulatedKernel *kernels() const;
  /// Throws an Error that lists the kernels if there is none of that name.
  const EmulatedKernel &kernel(const std::string &name) const;

private:
  std::unique_ptr<LoadedArchive> program;
};

} // namespace gpt2
