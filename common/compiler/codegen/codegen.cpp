//===- codegen.cpp - From the LLVM dialect to machine code --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/codegen/codegen.h"
#include "compiler/support/diagnostics.h"
#include "support/error.h"
#include "support/processors.h"

#include "mlir/ExecutionEngine/OptUtils.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/Bitcode/BitcodeWriter.h"
#include "llvm/ExecutionEngine/Orc/JITTargetMachineBuilder.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/Object/ArchiveWriter.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/ThreadPool.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Transforms/Utils/SplitModule.h"

#include <array>
#include <future>
#include <vector>

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

/// Whether the target rounds f32 to bf16 by an instruction.
bool roundsToBf16(const llvm::TargetMachine &target) {
  const llvm::MCSubtargetInfo &cpu = *target.getMCSubtargetInfo();
  if (target.getTargetTriple().isX86())
    return cpu.checkFeatures("+avx512bf16") ||
           cpu.checkFeatures("+avxneconvert");
  return target.getTargetTriple().isAArch64() && cpu.checkFeatures("+bf16");
}

/// Rounds f32 to bf16, to nearest, ties to even, by operations on integers:
/// LLVM would call a function for each element, which not every system has.
void expandRounding(llvm::Function &function) {
  for (llvm::Instruction &instruction :
       llvm::make_early_inc_range(llvm::instructions(function))) {
    auto *rounding = llvm::dyn_cast<llvm::FPTruncInst>(&instruction);
    if (!rounding || !rounding->getDestTy()->getScalarType()->isBFloatTy() ||
        !rounding->getSrcTy()->getScalarType()->isFloatTy())
      continue;
    llvm::IRBuilder<> builder(rounding);
    llvm::Value *value = rounding->getOperand(0);
    auto typed = [&](llvm::Type *element) -> llvm::Type * {
      auto *vector = llvm::dyn_cast<llvm::VectorType>(value->getType());
      return vector ? llvm::VectorType::get(element, vector->getElementCount())
                    : element;
    };
    llvm::Type *i32 = typed(builder.getInt32Ty());
    auto number = [&](uint32_t n) { return llvm::ConstantInt::get(i32, n); };
    llvm::Value *bits = builder.CreateBitCast(value, i32);
    llvm::Value *high = builder.CreateLShr(bits, number(16));
    llvm::Value *half =
        builder.CreateAdd(builder.CreateAnd(high, number(1)), number(0x7fff));
    llvm::Value *rounded =
        builder.CreateLShr(builder.CreateAdd(bits, half), number(16));
    // What is not a number stays so.
    llvm::Value *quiet = builder.CreateOr(high, number(0x40));
    rounded = builder.CreateSelect(builder.CreateFCmpUNO(value, value), quiet,
                                   rounded);
    rounded = builder.CreateTrunc(rounded, typed(builder.getInt16Ty()));
    rounding->replaceAllUsesWith(
        builder.CreateBitCast(rounded, rounding->getDestTy()));
    rounding->eraseFromParent();
  }
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
  Diagnostics diagnostics(*module.getContext());
  std::unique_ptr<llvm::Module> ir =
      mlir::translateModuleToLLVMIR(module, context, "gpt2");
  if (!ir)
    fail("the LLVM dialect could not be translated to LLVM IR: ",
         diagnostics.text());
  ir->setDataLayout(target.createDataLayout());
  ir->setTargetTriple(target.getTargetTriple());
  expandRounding(*ir, target);
  auto optimize = mlir::makeOptimizingTransformer(level,
                                                  /*sizeLevel=*/0, &target);
  if (llvm::Error error = optimize(ir.get()))
    fail("LLVM's optimiser failed: ", llvm::toString(std::move(error)));
  return ir;
}

void expandRounding(llvm::Module &module, const llvm::TargetMachine &target) {
  if (!roundsToBf16(target))
    for (llvm::Function &function : module)
      expandRounding(function);
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

std::string generateArchive(llvm::Module &module,
                            const std::optional<std::string> &cpu) {
  // More than there are processors: functions go to parts by their names'
  // hashes, not by their sizes.
  constexpr unsigned parts = 8;
  // Parts may be loaded far from each other, where only what is not hidden can
  // be reached, through a table of addresses.
  for (llvm::GlobalValue &value : module.global_values())
    if (value.hasLocalLinkage() && value.hasName()) {
      value.setLinkage(llvm::GlobalValue::ExternalLinkage);
      value.setDSOLocal(false);
    }
  std::array<std::string, parts> bitcodes;
  std::vector<std::shared_future<std::string>> objects; // or exceptions
  llvm::DefaultThreadPool threads(
      llvm::hardware_concurrency(static_cast<unsigned>(availableProcessors())));
  auto generate = [&](std::unique_ptr<llvm::Module> part) {
    std::string &bitcode = bitcodes[objects.size()];
    llvm::raw_string_ostream stream(bitcode);
    llvm::WriteBitcodeToFile(*part, stream);
    objects.push_back(threads.async([&bitcode, &cpu] {
      llvm::LLVMContext context; // which threads cannot share
      auto part =
          llvm::cantFail(llvm::parseBitcodeFile({bitcode, "gpt2"}, context));
      auto target = createHostTargetMachine(cpu);
      return generateCode(*part, *target, Code::Object);
    }));
  };
  llvm::SplitModule(module, parts, generate);
  threads.wait();
  std::vector<llvm::NewArchiveMember> members;
  for (const auto &object : objects)
    members.emplace_back(llvm::MemoryBufferRef(object.get(), "gpt2.o"));
  auto archive = llvm::writeArchiveToBuffer(
      members, llvm::SymtabWritingMode::NoSymtab, llvm::object::Archive::K_GNU,
      /*Deterministic=*/true, /*Thin=*/false);
  if (!archive)
    fail("LLVM cannot archive objects: ", llvm::toString(archive.takeError()));
  return (*archive)->getBuffer().str();
}

} // namespace gpt2
