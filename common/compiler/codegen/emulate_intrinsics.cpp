//===- emulate_intrinsics.cpp - What a GPU's thread asks, asked of us ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/codegen/emulate_intrinsics.h"
#include "device/emulator/intrinsics.h"
#include "device/emulator/matrix_unit.h"
#include "support/error.h"

#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Module.h"

using namespace llvm;

namespace gpt2 {
namespace {

enum class Kind { Query, Convergent, Plain }; // see intrinsics.def

/// Of a function that compiled code calls.
template <typename T> Type *typeOf(LLVMContext &context) {
  if constexpr (std::is_void_v<T>)
    return Type::getVoidTy(context);
  else if constexpr (std::is_pointer_v<T>)
    return PointerType::getUnqual(context);
  else {
    static_assert(std::is_integral_v<T>);
    return Type::getIntNTy(context, 8 * sizeof(T));
  }
}
template <typename Result, typename... Parameters>
FunctionType *typeOf(LLVMContext &context, Result (*)(Parameters...)) {
  return FunctionType::get(typeOf<Result>(context),
                           {typeOf<Parameters>(context)...}, false);
}

struct Signature {
  const char *name;
  Kind kind;
  FunctionType *(*type)(LLVMContext &context);
};
const Signature signatures[] = {
#define EMULATOR_INTRINSIC(KIND, RESULT, NAME, PARAMETERS)                     \
  {"gpt2_emulator_" #NAME, Kind::KIND, [](LLVMContext &context) {              \
     return typeOf(context,                                                    \
                   static_cast<decltype(&gpt2_emulator_##NAME)>(nullptr));     \
   }},
#include "device/emulator/intrinsics.def"
};

class Intrinsics {
public:
  explicit Intrinsics(Module &module)
      : module(module), builder(module.getContext()) {}

  void replaceAll() {
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

private:
  Type *i32() { return builder.getInt32Ty(); }

  Value *call(EmulatorFunction function, ArrayRef<Value *> arguments = {}) {
    return callEmulator(builder, function, arguments);
  }

  /// An exchange among the lanes of `mask`, or if it is null, among those that
  /// come to it.
  Value *exchange(Value *value, Value *source, Value *mask) {
    Type *i64 = builder.getInt64Ty();
    Value *lanes = mask ? builder.CreateZExt(mask, i64) : builder.getInt64(0);
    return call(EmulatorFunction::exchange,
                {value, source, lanes, builder.getInt32(++sites)});
  }

  /// Registers as memory: the emulator takes and gives matrices so.
  Value *memoryOf(Type *type) {
    Function &function = *builder.GetInsertBlock()->getParent();
    IRBuilder<> atEntry(&function.getEntryBlock(),
                        function.getEntryBlock().begin());
    return atEntry.CreateAlloca(type);
  }
  Value *inMemory(Value *value) {
    Value *memory = memoryOf(value->getType());
    builder.CreateStore(value, memory);
    return memory;
  }

  Value *multiply(MatrixUnit unit, Value *a, Value *b, Value *c, Type *result) {
    Value *d = memoryOf(result);
    call(EmulatorFunction::matrix,
         {builder.getInt32(static_cast<uint32_t>(unit)), inMemory(a),
          inMemory(b), inMemory(c), d});
    return builder.CreateLoad(result, d);
  }

  /// `count` operands from `first` on, as an array.
  Value *operands(CallInst &intrinsic, unsigned first, unsigned count) {
    auto *type =
        ArrayType::get(intrinsic.getArgOperand(first)->getType(), count);
    Value *array = PoisonValue::get(type);
    for (unsigned i = 0; i < count; ++i)
      array = builder.CreateInsertValue(array,
                                        intrinsic.getArgOperand(first + i), i);
    return array;
  }

  [[noreturn]] void unknown(StringRef name) {
    fail("the emulator does not know the intrinsic ", name.str());
  }

  /// For "tid.x" and the like: which function, and which dimension.
  Value *coordinate(EmulatorFunction function, StringRef suffix) {
    unsigned dimension = suffix == "x" ? 0 : suffix == "y" ? 1 : 2;
    return call(function, {builder.getInt32(dimension)});
  }

  /// The intrinsic llvm.nvvm.NAME; null if it has no result.
  Value *replaceNvvm(StringRef name, CallInst &intrinsic) {
    StringRef rest = name;
    if (rest.consume_front("read.ptx.sreg.")) {
      auto [what, dimension] = rest.split('.');
      if (what == "tid")
        return coordinate(EmulatorFunction::thread_id, dimension);
      if (what == "ctaid")
        return coordinate(EmulatorFunction::block_id, dimension);
      if (what == "ntid")
        return coordinate(EmulatorFunction::block_size, dimension);
      if (what == "nctaid")
        return coordinate(EmulatorFunction::grid_size, dimension);
      if (what == "laneid")
        return call(EmulatorFunction::lane);
    }
    if (name == "barrier0" || name == "barrier.cta.sync.aligned.all" ||
        name == "barrier.cta.sync.all") {
      call(EmulatorFunction::barrier);
      return nullptr;
    }
    if (name.starts_with("bar.warp.sync")) {
      exchange(builder.getInt32(0), builder.getInt32(0),
               intrinsic.getArgOperand(0));
      return nullptr;
    }
    if (name == "mma.m16n8k16.row.col.bf16") // registers of two each
      return multiply(MatrixUnit::Mma, operands(intrinsic, 0, 4),
                      operands(intrinsic, 4, 2), operands(intrinsic, 6, 4),
                      intrinsic.getType());
    if (rest.consume_front("ldmatrix.sync.aligned.m8n8.x4.")) {
      Value *memory = memoryOf(intrinsic.getType());
      Value *row = builder.CreateAddrSpaceCast(intrinsic.getArgOperand(0),
                                               builder.getPtrTy());
      bool isTransposed = rest.starts_with("trans.");
      call(EmulatorFunction::load_matrices,
           {row, builder.getInt32(isTransposed), memory});
      return builder.CreateLoad(intrinsic.getType(), memory);
    }
    if (rest.consume_front("shfl.sync."))
      return replaceShuffle(rest, intrinsic);
    unknown(intrinsic.getCalledFunction()->getName());
  }

  /// shfl.sync.MODE.TYPE[p](mask, value, operand, clamp): PTX ISA 9.7.9.6. The
  /// clamp's bits 8 to 12 say which bits of its number a lane has in common
  /// with its segment; the lowest five, which lane of the segment is the last
  /// (for "up", the first) that is read.
  Value *replaceShuffle(StringRef name, CallInst &intrinsic) {
    auto [mode, type] = name.split('.');
    Value *value = intrinsic.getArgOperand(1);
    Value *operand = builder.CreateAnd(intrinsic.getArgOperand(2), 31);
    Value *clamp = builder.CreateAnd(intrinsic.getArgOperand(3), 31);
    Value *segment = builder.CreateAnd(
        builder.CreateLShr(intrinsic.getArgOperand(3), 8), 31);
    Value *lane = call(EmulatorFunction::lane),
          *common = builder.CreateAnd(lane, segment);
    Value *rest = builder.CreateNot(segment);
    Value *bound = builder.CreateOr(common, builder.CreateAnd(clamp, rest));
    Value *source = nullptr;
    if (mode == "bfly")
      source = builder.CreateXor(lane, operand);
    else if (mode == "down")
      source = builder.CreateAdd(lane, operand);
    else if (mode == "up")
      source = builder.CreateSub(lane, operand);
    else if (mode == "idx")
      source = builder.CreateOr(common, builder.CreateAnd(operand, rest));
    else
      unknown(intrinsic.getCalledFunction()->getName());
    Value *valid = mode == "up" ? builder.CreateICmpSGE(source, bound)
                                : builder.CreateICmpSLE(source, bound);
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
      return coordinate(EmulatorFunction::thread_id, rest);
    if (rest.consume_front("workgroup.id."))
      return coordinate(EmulatorFunction::block_id, rest);
    if (name == "s.barrier") {
      call(EmulatorFunction::barrier);
      return nullptr;
    }
    // Lanes before this one among those of the mask; -1 is all of them.
    bool isHigh = name == "mbcnt.hi";
    if (isHigh || name == "mbcnt.lo") {
      Value *lane = call(EmulatorFunction::lane);
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
    bool isMfma = name == "mfma.f32.16x16x16bf16.1k";
    if (isMfma || name.starts_with("wmma.f32.16x16x16.bf16."))
      return multiply(isMfma ? MatrixUnit::Mfma : MatrixUnit::Wmma,
                      intrinsic.getArgOperand(0), intrinsic.getArgOperand(1),
                      intrinsic.getArgOperand(2), intrinsic.getType());
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
    Value *lane = call(EmulatorFunction::lane);
    Value *source = builder.CreateAnd(lane, pattern & 31);
    source = builder.CreateOr(source, pattern >> 5 & 31);
    source = builder.CreateXor(source, pattern >> 10 & 31);
    source = builder.CreateOr(source, builder.CreateAnd(lane, 32));
    return exchange(intrinsic.getArgOperand(0), source, nullptr);
  }

  Module &module;
  IRBuilder<> builder;
  uint32_t sites = 0; ///< exchanges so far
};

} // namespace

CallInst *callEmulator(IRBuilder<> &builder, EmulatorFunction function,
                       ArrayRef<Value *> arguments) {
  const Signature &signature = signatures[static_cast<size_t>(function)];
  CallInst *made = builder.CreateCall(
      builder.GetInsertBlock()->getModule()->getOrInsertFunction(
          signature.name, signature.type(builder.getContext())),
      arguments);
  if (signature.kind == Kind::Convergent)
    made->setConvergent();
  if (signature.kind == Kind::Query) {
    made->setDoesNotAccessMemory();
    made->setDoesNotThrow();
    made->addFnAttr(Attribute::WillReturn);
  }
  return made;
}

bool isEmulatorFunction(const Function &function) {
  return is_contained(map_range(signatures,
                                [](const Signature &signature) {
                                  return StringRef(signature.name);
                                }),
                      function.getName());
}

void emulateIntrinsics(Module &module) { Intrinsics(module).replaceAll(); }

} // namespace gpt2
