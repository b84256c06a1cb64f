//===- codegen.cpp - From the LLVM dialect to machine code --------------===//
#include "compiler/codegen.h"
#include "model/error.h"

#include "mlir/ExecutionEngine/OptUtils.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/ExecutionEngine/Orc/JITTargetMachineBuilder.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"

namespace gpt2 {
namespace {

llvm::orc::JITTargetMachineBuilder hostBuilder() {
  static const bool initialized = [] {
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetAsmPrinter();
    llvm::InitializeNativeTargetAsmParser();
    return true;
  }();
  (void)initialized;
  auto builder = llvm::orc::JITTargetMachineBuilder::detectHost();
  if (!builder)
    fail("LLVM cannot tell what CPU this is: ",
         llvm::toString(builder.takeError()));
  builder->setCodeGenOptLevel(llvm::CodeGenOptLevel::Aggressive);
  builder->setRelocationModel(llvm::Reloc::PIC_);
  return std::move(*builder);
}

} // namespace

const HostCpu &hostCpu() {
  static const HostCpu host = [] {
    llvm::orc::JITTargetMachineBuilder builder = hostBuilder();
    return HostCpu{builder.getTargetTriple().str(), builder.getCPU(),
                   builder.getFeatures().getString()};
  }();
  return host;
}

std::unique_ptr<llvm::TargetMachine>
createHostTargetMachine(const std::optional<std::string> &cpu) {
  llvm::orc::JITTargetMachineBuilder builder = hostBuilder();
  if (cpu) {
    builder.setCPU(*cpu);
    builder.getFeatures() = llvm::SubtargetFeatures();
  }
  auto target = builder.createTargetMachine();
  if (!target)
    fail("LLVM has no code generator for this CPU: ",
         llvm::toString(target.takeError()));
  return std::move(*target);
}

std::unique_ptr<llvm::Module> translateAndOptimize(mlir::ModuleOp module,
                                                   llvm::LLVMContext &context,
                                                   llvm::TargetMachine &target,
                                                   unsigned level) {
  std::unique_ptr<llvm::Module> ir =
      mlir::translateModuleToLLVMIR(module, context, "gpt2");
  if (!ir)
    fail("the LLVM dialect could not be translated to LLVM IR");
  ir->setDataLayout(target.createDataLayout());
  ir->setTargetTriple(target.getTargetTriple());
  auto optimize = mlir::makeOptimizingTransformer(level,
                                                  /*sizeLevel=*/0, &target);
  if (llvm::Error error = optimize(ir.get()))
    fail("LLVM's optimiser failed: ", llvm::toString(std::move(error)));
  return ir;
}

std::string generateCode(llvm::Module &module, llvm::TargetMachine &target,
                         Code kind) {
  if (kind == Code::LlvmIr) {
    std::string text;
    llvm::raw_string_ostream stream(text);
    module.print(stream, nullptr);
    return text;
  }
  llvm::SmallVector<char, 0> buffer;
  llvm::raw_svector_ostream stream(buffer);
  llvm::legacy::PassManager passes;
  auto fileType = kind == Code::Object ? llvm::CodeGenFileType::ObjectFile
                                       : llvm::CodeGenFileType::AssemblyFile;
  if (target.addPassesToEmitFile(passes, stream, nullptr, fileType))
    fail("LLVM cannot emit code for ", target.getTargetTriple().str());
  passes.run(module);
  return {buffer.begin(), buffer.end()};
}

} // namespace gpt2
