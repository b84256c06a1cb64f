//===- emulated_module.cpp - A GPU's kernels as functions of the host ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The kernels' LLVM IR, as the target's code generator would get it, changed in
// four respects: intrinsics become calls of the emulator's functions
// (emulate_intrinsics.cpp); variables in shared memory become places behind one
// pointer; kernels become ordinary functions; and every access to memory is
// announced to the emulator before it happens (announce_accesses.cpp).
//
//===----------------------------------------------------------------------===//
#include "compiler/codegen/announce_accesses.h"
#include "compiler/codegen/codegen.h"
#include "compiler/codegen/emulate_intrinsics.h"
#include "compiler/codegen/gpu_codegen.h"
#include "device/program_abi.h"
#include "support/error.h"

#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/ReplaceConstant.h"
#include "llvm/IR/Verifier.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Target/TargetMachine.h"

using namespace llvm;

namespace gpt2 {
namespace {

/// AddressSpace of shared memory, on both vendors' targets; AMD's of stacks.
constexpr unsigned sharedSpace = 3, amdStackSpace = 5;

constexpr StringLiteral thunkPrefix = "emulated_";
/// The attribute of thunks: what they read are the launch's arguments.
constexpr StringLiteral thunkAttribute = "gpt2-thunk";

class Retargeter {
public:
  explicit Retargeter(Module &module)
      : module(module), builder(module.getContext()) {}

  /// Leaves thunks, and the table of the kernels.
  void retarget() {
    emulateIntrinsics(module);
    int64_t sharedBytes = replaceSharedVariables();
    replaceStackVariables();
    for (Function &function : make_early_inc_range(module)) {
      function.removeFnAttr("target-cpu");
      function.removeFnAttr("target-features");
      if (function.getCallingConv() != CallingConv::PTX_Kernel &&
          function.getCallingConv() != CallingConv::AMDGPU_KERNEL)
        continue;
      function.setCallingConv(CallingConv::C);
      addEntry(function.getName(), addThunk(function), sharedBytes);
      // Nothing that a kernel does may move to its thunk: neither all of it,
      // nor loads of what its arguments point to, as in a function that is
      // seen to have one caller.
      function.setLinkage(GlobalValue::ExternalLinkage);
      function.addFnAttr(Attribute::NoInline);
    }
    addEntry("", ConstantPointerNull::get(builder.getPtrTy()), 0);
    auto *type = ArrayType::get(entries[0]->getType(), entries.size());
    new GlobalVariable(
        module, type, /*isConstant=*/true, GlobalValue::ExternalLinkage,
        ConstantArray::get(type, entries), program_abi::emulatedKernels.name);
  }

private:
  /// Gives each variable a place behind the block's pointer; returns the bytes.
  int64_t replaceSharedVariables() {
    SmallVector<GlobalVariable *> shared;
    SmallVector<Constant *> constants;
    for (GlobalVariable &global : module.globals())
      if (global.getAddressSpace() == sharedSpace) {
        shared.push_back(&global);
        constants.push_back(&global);
      }
    convertUsersOfConstantsToInstructions(constants);
    int64_t offset = 0;
    for (GlobalVariable *global : shared) {
      Align align = global->getAlign().value_or(Align(16));
      offset = alignTo(offset, align);
      for (Use &use : make_early_inc_range(global->uses())) {
        auto *user = cast<Instruction>(use.getUser());
        builder.SetInsertPoint(user->getFunction()->getEntryBlock().begin());
        Value *base = callEmulator(builder, EmulatorFunction::shared);
        Value *place = builder.CreateConstInBoundsGEP1_64(builder.getInt8Ty(),
                                                          base, offset);
        use.set(builder.CreateAddrSpaceCast(place, global->getType()));
      }
      offset += module.getDataLayout().getTypeAllocSize(global->getValueType());
      global->eraseFromParent();
    }
    return offset;
  }

  /// On the host there is one address space for stacks.
  void replaceStackVariables() {
    for (Function &function : module)
      for (Instruction &instruction :
           make_early_inc_range(instructions(function))) {
        auto *variable = dyn_cast<AllocaInst>(&instruction);
        if (!variable || variable->getAddressSpace() != amdStackSpace)
          continue;
        builder.SetInsertPoint(variable);
        auto *own = builder.CreateAlloca(variable->getAllocatedType(), 0,
                                         variable->getArraySize());
        own->setAlignment(variable->getAlign());
        variable->replaceAllUsesWith(
            builder.CreateAddrSpaceCast(own, variable->getType()));
        variable->eraseFromParent();
      }
  }

  /// void emulated_KERNEL(void **arguments), which calls the kernel.
  Constant *addThunk(Function &kernel) {
    Type *pointer = builder.getPtrTy();
    auto *thunk = Function::Create(
        FunctionType::get(builder.getVoidTy(), {pointer}, false),
        GlobalValue::InternalLinkage, thunkPrefix + kernel.getName(), module);
    thunk->addFnAttr(thunkAttribute);
    builder.SetInsertPoint(BasicBlock::Create(module.getContext(), "", thunk));
    SmallVector<Value *> arguments;
    for (Argument &argument : kernel.args()) {
      Value *place = builder.CreateLoad(
          pointer, builder.CreateConstGEP1_64(pointer, thunk->getArg(0),
                                              argument.getArgNo()));
      arguments.push_back(builder.CreateLoad(argument.getType(), place));
    }
    builder.CreateCall(&kernel, arguments);
    builder.CreateRetVoid();
    return thunk;
  }

  /// An EmulatedKernel; the last one of the table has no name.
  void addEntry(StringRef name, Constant *function, int64_t sharedBytes) {
    Constant *text = ConstantPointerNull::get(builder.getPtrTy());
    if (!name.empty())
      text = builder.CreateGlobalString(name, "", 0, &module);
    entries.push_back(ConstantStruct::getAnon(
        {text, function, builder.getInt64(sharedBytes)}));
  }

  Module &module;
  IRBuilder<> builder;
  SmallVector<Constant *> entries;
};

/// Without vectorisation: threads of a GPU have little to vectorise, and each
/// lane of a masked access would be announced by itself.
void optimize(Module &module, TargetMachine &target) {
  LoopAnalysisManager loops;
  FunctionAnalysisManager functions;
  CGSCCAnalysisManager components;
  ModuleAnalysisManager modules;
  PipelineTuningOptions tuning;
  tuning.LoopVectorization = tuning.SLPVectorization = false;
  PassBuilder passes(&target, tuning);
  passes.registerModuleAnalyses(modules);
  passes.registerCGSCCAnalyses(components);
  passes.registerFunctionAnalyses(functions);
  passes.registerLoopAnalyses(loops);
  passes.crossRegisterProxies(loops, functions, components, modules);
  passes.buildPerModuleDefaultPipeline(OptimizationLevel::O3)
      .run(module, modules);
}

/// Makes functions such that the emulator sees what they do.
void addChecks(Module &module) {
  for (Function &function : module) {
    if (function.isDeclaration())
      continue;
    // A frame of more than a page does not step over the guard below the
    // fiber's stack.
    function.addFnAttr("probe-stack", "inline-asm");
    if (!function.hasFnAttribute(thunkAttribute))
      announceAccesses(function);
    function.setLinkage(GlobalValue::InternalLinkage);
  }
}

} // namespace

std::unique_ptr<Module> emulateKernels(mlir::gpu::GPUModuleOp gpuModule,
                                       LLVMContext &context,
                                       TargetMachine &host) {
  std::unique_ptr<Module> module = translateGpuModule(gpuModule, context);
  module->setDataLayout(host.createDataLayout());
  module->setTargetTriple(host.getTargetTriple());
  Retargeter(*module).retarget();
  std::string wrong;
  raw_string_ostream stream(wrong);
  if (verifyModule(*module, &stream))
    fail("the kernels could not be made the host's: ", wrong);
  expandRounding(*module, host);
  optimize(*module, host);
  addChecks(*module);
  return module;
}

EmulatedModule::EmulatedModule(mlir::gpu::GPUModuleOp gpuModule) {
  LLVMContext context;
  std::unique_ptr<TargetMachine> host = createHostTargetMachine();
  std::unique_ptr<Module> module = emulateKernels(gpuModule, context, *host);
  program = std::make_unique<LoadedArchive>(generateArchive(*module));
}

const EmulatedKernel *EmulatedModule::kernels() const {
  return static_cast<const EmulatedKernel *>(
      program->find(program_abi::emulatedKernels.name));
}

const EmulatedKernel &EmulatedModule::kernel(const std::string &name) const {
  return findKernel(kernels(), name);
}

} // namespace gpt2
