//===- gpu_codegen.h - From a gpu.module to a GPU's code ----------------===//
#pragma once

#include "compiler/program.h"
#include "device/emulator.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Pass/PassManager.h"

#include <memory>
#include <string>
#include <vector>

namespace llvm {
class LLVMContext;
class Module;
} // namespace llvm

namespace gpt2 {

enum class GpuVendor { Nvidia, Amd };

/// A chip to compile for: sm_80, sm_90; gfx942, gfx1100, gfx1151.
struct GpuTarget {
  GpuVendor vendor = GpuVendor::Nvidia;
  std::string chip;

  /// Throws an Error if `chip` is neither sm_NN nor gfxNNN.
  static GpuTarget of(const std::string &chip);

  /// Lanes of a subgroup: 64 on CDNA and GCN (gfx9), 32 elsewhere.
  unsigned subgroupSize() const;
};

/// The passes that take gpu.modules from the gpu dialect to the target's
/// dialect and LLVM's. Kernels take memrefs as their descriptors' words: a size
/// may be open.
void addGpuLowering(mlir::OpPassManager &pm, const GpuTarget &target);

/// The LLVM IR of a lowered gpu.module, not optimised yet.
std::unique_ptr<llvm::Module> translateGpuModule(mlir::gpu::GPUModuleOp module,
                                                 llvm::LLVMContext &context);

enum class GpuCode { Assembly, Object };

/// PTX or GCN assembly, or AMD's relocatable object, of a lowered module. There
/// are no objects for NVIDIA: its driver compiles PTX.
std::string generateGpuCode(mlir::gpu::GPUModuleOp module,
                            const GpuTarget &target, GpuCode kind);

/// What a host part that launches kernels calls: device/mgpu.h.
std::vector<Program::Symbol> deviceSymbols();

/// The kernels of a lowered module as host functions for the emulator.
class EmulatedModule {
public:
  explicit EmulatedModule(mlir::gpu::GPUModuleOp module);

  /// Throws an Error that lists the kernels if there is none of that name.
  const EmulatedKernel &kernel(const std::string &name) const;

private:
  std::vector<EmulatedKernel> kernels;
  std::unique_ptr<Program> program;
};

} // namespace gpt2
