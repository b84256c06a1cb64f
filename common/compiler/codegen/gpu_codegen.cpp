//===- gpu_codegen.cpp - From a gpu.module to a GPU's code --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/codegen/gpu_codegen.h"
#include "compiler/codegen/codegen.h"
#include "compiler/codegen/tools.h"
#include "support/error.h"

#include "mlir/ExecutionEngine/OptUtils.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"

using namespace mlir;

namespace gpt2 {

std::unique_ptr<llvm::TargetMachine>
createGpuTargetMachine(const GpuTarget &target) {
  static const bool initialized = [] {
    llvm::InitializeAllTargetInfos();
    llvm::InitializeAllTargets();
    llvm::InitializeAllTargetMCs();
    llvm::InitializeAllAsmPrinters();
    return true;
  }();
  (void)initialized;
  llvm::Triple triple(target.vendor == GpuVendor::Nvidia ? "nvptx64-nvidia-cuda"
                                                         : "amdgcn-amd-amdhsa");
  std::string error;
  const llvm::Target *found = llvm::TargetRegistry::lookupTarget(triple, error);
  if (!found)
    fail("this LLVM was built without a code generator for ", triple.str(),
         ": ", error);
  return std::unique_ptr<llvm::TargetMachine>(
      found->createTargetMachine(triple, target.chip, "", {}, llvm::Reloc::PIC_,
                                 {}, llvm::CodeGenOptLevel::Aggressive));
}

std::unique_ptr<llvm::Module> translateGpuModule(gpu::GPUModuleOp module,
                                                 llvm::LLVMContext &context) {
  auto ir = translateModuleToLLVMIR(module, context, module.getName());
  if (!ir)
    fail("the kernels could not be translated to LLVM IR");
  return ir;
}

std::string generateGpuCode(gpu::GPUModuleOp module, const GpuTarget &target,
                            GpuCode kind) {
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> ir = translateGpuModule(module, context);
  std::unique_ptr<llvm::TargetMachine> machine = createGpuTargetMachine(target);
  ir->setDataLayout(machine->createDataLayout());
  ir->setTargetTriple(machine->getTargetTriple());
  auto optimize = makeOptimizingTransformer(3, /*sizeLevel=*/0, machine.get());
  if (llvm::Error error = optimize(ir.get()))
    fail("LLVM's optimiser failed: ", llvm::toString(std::move(error)));
  return generateCode(
      *ir, *machine, kind == GpuCode::Assembly ? Code::Assembly : Code::Object);
}

std::string gpuImageOf(gpu::GPUModuleOp module, const GpuTarget &target) {
  if (target.vendor == GpuVendor::Nvidia)
    return generateGpuCode(module, target, GpuCode::Assembly);
  std::string object = generateGpuCode(module, target, GpuCode::Object);
  return linkShared({&object, 1});
}

} // namespace gpt2
