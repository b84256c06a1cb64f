//===- emulated_module.cpp - A GPU's kernels as functions of the host ---===//
//
// The kernels' LLVM IR, as the target's code generator would get it, changed in
// four respects: intrinsics become calls of device/emulator_intrinsics.h;
// variables in shared memory become places behind one pointer; kernels become
// ordinary functions; and every access to memory is announced to the emulator
// before it happens.
//
//===----------------------------------------------------------------------===//
#include "compiler/codegen.h"
#include "compiler/gpu_codegen.h"
#include "device/emulator_intrinsics.h"
#include "model/error.h"

#include "llvm/Analysis/ValueTracking.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/ReplaceConstant.h"
#include "llvm/IR/Verifier.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Target/TargetMachine.h"

#include <functional>
#include <optional>

using namespace llvm;

namespace gpt2 {
namespace {

/// AddressSpace of shared memory, on both vendors' targets; AMD's of stacks.
constexpr unsigned sharedSpace = 3, amdStackSpace = 5;

constexpr StringLiteral thunkPrefix = "emulated_";

class Retargeter {
public:
  explicit Retargeter(Module &module)
      : module(module), builder(module.getContext()) {}

  /// Names of the kernels, and the bytes of shared memory that each may use.
  struct Kernels {
    std::vector<std::string> names;
    int64_t sharedBytes = 0;
  };

  Kernels retarget() {
    Kernels kernels;
    replaceIntrinsics();
    kernels.sharedBytes = replaceSharedVariables();
    replaceStackVariables();
    for (Function &function : make_early_inc_range(module)) {
      function.removeFnAttr("target-cpu");
      function.removeFnAttr("target-features");
      if (function.getCallingConv() != CallingConv::PTX_Kernel &&
          function.getCallingConv() != CallingConv::AMDGPU_KERNEL)
        continue;
      kernels.names.push_back(function.getName().str());
      function.setCallingConv(CallingConv::C);
      addThunk(function);
      function.setLinkage(GlobalValue::InternalLinkage);
      function.addFnAttr(Attribute::NoInline);
    }
    return kernels;
  }

private:
  Type *i32() { return builder.getInt32Ty(); }

  /// A call of an emulator's function that takes and returns 32-bit integers.
  CallInst *call(StringRef name, ArrayRef<Value *> arguments,
                 Type *result = nullptr) {
    SmallVector<Type *> types;
    for (Value *argument : arguments)
      types.push_back(argument->getType());
    FunctionCallee callee = module.getOrInsertFunction(
        ("gpt2_emulator_" + name).str(),
        FunctionType::get(result ? result : i32(), types, false));
    CallInst *made = builder.CreateCall(callee, arguments);
    made->setConvergent(); // stays where all threads come to it
    return made;
  }

  /// A call whose result is the same wherever a thread makes it.
  CallInst *ask(StringRef name, ArrayRef<Value *> arguments,
                Type *result = nullptr) {
    CallInst *asked = call(name, arguments, result);
    asked->setNotConvergent();
    asked->setDoesNotAccessMemory();
    asked->setDoesNotThrow();
    asked->addFnAttr(Attribute::WillReturn);
    return asked;
  }

  /// An exchange among the lanes of `mask`, or if it is null, among those that
  /// come to it.
  Value *exchange(Value *value, Value *source, Value *mask) {
    Type *i64 = builder.getInt64Ty();
    Value *lanes = mask ? builder.CreateZExt(mask, i64) : builder.getInt64(0);
    return call("exchange", {value, source, lanes, builder.getInt32(++sites)});
  }

  void replaceIntrinsics() {
    for (Function &function : make_early_inc_range(module)) {
      if (!function.isIntrinsic())
        continue;
      StringRef name = function.getName();
      bool isTargets =
          name.starts_with("llvm.nvvm.") || name.starts_with("llvm.amdgcn.");
      if (!isTargets)
        continue;
      for (User *user : make_early_inc_range(function.users())) {
        auto *intrinsic = cast<CallInst>(user);
        builder.SetInsertPoint(intrinsic);
        Value *value = name.starts_with("llvm.nvvm.")
                           ? replaceNvvm(name.drop_front(10), *intrinsic)
                           : replaceAmdgcn(name.drop_front(12), *intrinsic);
        if (value)
          intrinsic->replaceAllUsesWith(value);
        intrinsic->eraseFromParent();
      }
      function.eraseFromParent();
    }
  }

  [[noreturn]] void unknown(StringRef name) {
    fail("the emulator does not know the intrinsic ", name.str());
  }

  /// For "tid.x" and the like: which function, and which dimension.
  Value *coordinate(StringRef name, StringRef suffix) {
    unsigned dimension = suffix == "x" ? 0 : suffix == "y" ? 1 : 2;
    return ask(name, {builder.getInt32(dimension)});
  }

  /// The intrinsic llvm.nvvm.NAME; null if it has no result.
  Value *replaceNvvm(StringRef name, CallInst &intrinsic) {
    StringRef rest = name;
    if (rest.consume_front("read.ptx.sreg.")) {
      auto [what, dimension] = rest.split('.');
      if (what == "tid")
        return coordinate("thread_id", dimension);
      if (what == "ctaid")
        return coordinate("block_id", dimension);
      if (what == "ntid")
        return coordinate("block_size", dimension);
      if (what == "nctaid")
        return coordinate("grid_size", dimension);
      if (what == "laneid")
        return ask("lane", {});
    }
    if (name.starts_with("barrier")) {
      call("barrier", {}, builder.getVoidTy());
      return nullptr;
    }
    if (name.starts_with("bar.warp.sync")) {
      exchange(builder.getInt32(0), builder.getInt32(0),
               intrinsic.getArgOperand(0));
      return nullptr;
    }
    if (rest.consume_front("shfl.sync."))
      return replaceShuffle(rest, intrinsic);
    unknown(intrinsic.getCalledFunction()->getName());
  }

  /// shfl.sync.MODE.TYPE[p](mask, value, operand, clamp): PTX ISA 9.7.9.6. The
  /// clamp's lowest five bits say which lane is the last to be read, bits 8 to
  /// 12 which bits of its number a lane shares with its segment.
  Value *replaceShuffle(StringRef name, CallInst &intrinsic) {
    auto [mode, type] = name.split('.');
    Value *value = intrinsic.getArgOperand(1);
    Value *operand = intrinsic.getArgOperand(2);
    Value *clamp = builder.CreateAnd(intrinsic.getArgOperand(3), 31);
    Value *lane = ask("lane", {}), *source = nullptr, *valid = nullptr;
    if (mode == "bfly") {
      source = builder.CreateXor(lane, operand);
      valid = builder.CreateICmpULE(source, clamp);
    } else if (mode == "down") {
      source = builder.CreateAdd(lane, operand);
      valid = builder.CreateICmpULE(source, clamp);
    } else if (mode == "up") {
      source = builder.CreateSub(lane, operand);
      valid = builder.CreateICmpSGE(source, clamp);
    } else if (mode == "idx") {
      source = operand;
      valid = builder.CreateICmpULE(source, clamp);
    } else {
      unknown(intrinsic.getCalledFunction()->getName());
    }
    source = builder.CreateSelect(valid, source, lane);
    Value *bits = builder.CreateBitCast(value, i32());
    Value *result = builder.CreateBitCast(
        exchange(bits, source, intrinsic.getArgOperand(0)), value->getType());
    if (!type.ends_with("p"))
      return result;
    Value *pair = PoisonValue::get(intrinsic.getType());
    pair = builder.CreateInsertValue(pair, result, 0);
    return builder.CreateInsertValue(pair, valid, 1);
  }

  /// The intrinsic llvm.amdgcn.NAME; null if it has no result.
  Value *replaceAmdgcn(StringRef name, CallInst &intrinsic) {
    StringRef rest = name;
    if (rest.consume_front("workitem.id."))
      return coordinate("thread_id", rest);
    if (rest.consume_front("workgroup.id."))
      return coordinate("block_id", rest);
    if (name.starts_with("s.barrier")) {
      call("barrier", {}, builder.getVoidTy());
      return nullptr;
    }
    // Lanes before this one among those of the mask; -1 is all of them.
    bool isHigh = name == "mbcnt.hi";
    if (isHigh || name == "mbcnt.lo") {
      Value *lane = ask("lane", {});
      Value *before =
          isHigh ? builder.CreateSub(
                       builder.CreateBinaryIntrinsic(Intrinsic::umax, lane,
                                                     builder.getInt32(32)),
                       builder.getInt32(32))
                 : builder.CreateBinaryIntrinsic(Intrinsic::umin, lane,
                                                 builder.getInt32(32));
      auto *mask = dyn_cast<ConstantInt>(intrinsic.getArgOperand(0));
      if (!mask || !mask->isMinusOne())
        unknown(intrinsic.getCalledFunction()->getName());
      return builder.CreateAdd(before, intrinsic.getArgOperand(1));
    }
    if (name == "ds.swizzle")
      return replaceSwizzle(intrinsic);
    if (name == "ds.bpermute") {
      Value *source = builder.CreateLShr(intrinsic.getArgOperand(0), 2);
      return exchange(intrinsic.getArgOperand(1), source, nullptr);
    }
    unknown(intrinsic.getCalledFunction()->getName());
  }

  /// ds.swizzle(value, pattern): lane number & a | b ^ c within 32 lanes, with
  /// a, b and c in five bits each of the pattern (CDNA3 ISA, DS_SWIZZLE_B32).
  Value *replaceSwizzle(CallInst &intrinsic) {
    auto *constant = cast<ConstantInt>(intrinsic.getArgOperand(1));
    uint64_t pattern = constant->getZExtValue();
    if (pattern & 0x8000) // four lanes in any order
      unknown("llvm.amdgcn.ds.swizzle with a pattern of four lanes");
    Value *lane = ask("lane", {});
    Value *source = builder.CreateAnd(lane, pattern & 31);
    source = builder.CreateOr(source, pattern >> 5 & 31);
    source = builder.CreateXor(source, pattern >> 10 & 31);
    source = builder.CreateOr(source, builder.CreateAnd(lane, 32));
    return exchange(intrinsic.getArgOperand(0), source, nullptr);
  }

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
        Value *base = ask("shared", {}, builder.getPtrTy());
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
  void addThunk(Function &kernel) {
    Type *pointer = builder.getPtrTy();
    auto *thunk = Function::Create(
        FunctionType::get(builder.getVoidTy(), {pointer}, false),
        GlobalValue::ExternalLinkage, thunkPrefix + kernel.getName(), module);
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
  }

  Module &module;
  IRBuilder<> builder;
  uint32_t sites = 0; ///< exchanges so far
};

/// Without vectorisation: a masked access could not be announced, and threads
/// of a GPU have little to vectorise.
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

/// Announces what kernels load and store.
void addChecks(Module &module) {
  IRBuilder<> builder(module.getContext());
  const DataLayout &layout = module.getDataLayout();
  Type *i32 = builder.getInt32Ty(), *pointer = builder.getPtrTy();
  FunctionCallee check = module.getOrInsertFunction(
      "gpt2_emulator_check",
      FunctionType::get(builder.getVoidTy(), {pointer, i32, i32, i32}, false));
  for (Function &function : module) {
    if (function.getName().starts_with(thunkPrefix))
      continue; // what it reads are the launch's arguments
    for (Instruction &instruction :
         make_early_inc_range(instructions(function))) {
      Value *address = getLoadStorePointerOperand(&instruction);
      if (!address || isa<AllocaInst>(getUnderlyingObject(address)))
        continue;
      builder.SetInsertPoint(&instruction);
      uint32_t bytes = layout.getTypeStoreSize(getLoadStoreType(&instruction));
      uint32_t align = getLoadStoreAlignment(&instruction).value();
      builder.CreateCall(check,
                         {builder.CreateAddrSpaceCast(address, pointer),
                          builder.getInt32(bytes), builder.getInt32(align),
                          builder.getInt32(isa<StoreInst>(instruction))});
    }
  }
}

/// What the code above calls.
std::vector<Program::Symbol> emulatorSymbols() {
#define SYMBOL(NAME)                                                           \
  {                                                                            \
    #NAME, reinterpret_cast<void *>(&NAME)                                     \
  }
  return {SYMBOL(gpt2_emulator_thread_id),  SYMBOL(gpt2_emulator_block_id),
          SYMBOL(gpt2_emulator_block_size), SYMBOL(gpt2_emulator_grid_size),
          SYMBOL(gpt2_emulator_lane),       SYMBOL(gpt2_emulator_barrier),
          SYMBOL(gpt2_emulator_exchange),   SYMBOL(gpt2_emulator_shared),
          SYMBOL(gpt2_emulator_check)};
#undef SYMBOL
}

} // namespace

EmulatedModule::EmulatedModule(mlir::gpu::GPUModuleOp gpuModule) {
  LLVMContext context;
  std::unique_ptr<Module> module = translateGpuModule(gpuModule, context);
  std::unique_ptr<TargetMachine> host = createHostTargetMachine();
  module->setDataLayout(host->createDataLayout());
  module->setTargetTriple(host->getTargetTriple());
  Retargeter::Kernels found = Retargeter(*module).retarget();
  std::string wrong;
  raw_string_ostream stream(wrong);
  if (verifyModule(*module, &stream))
    fail("the kernels could not be made the host's: ", wrong);
  optimize(*module, *host);
  addChecks(*module);
  program = std::make_unique<Program>(
      generateCode(*module, *host, Code::Object), emulatorSymbols());
  for (const std::string &name : found.names)
    kernels.push_back(
        {name, program->function<void (*)(void **)>((thunkPrefix + name).str()),
         found.sharedBytes});
}

const EmulatedKernel &EmulatedModule::kernel(const std::string &name) const {
  std::string names;
  for (const EmulatedKernel &kernel : kernels) {
    if (kernel.name == name)
      return kernel;
    names += " " + kernel.name;
  }
  fail("there is no kernel '", name, "'; there are:", names);
}

} // namespace gpt2
