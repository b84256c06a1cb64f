//===- announce_accesses.cpp - What kernels do to memory, told before it --===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/codegen/announce_accesses.h"
#include "compiler/codegen/emulate_intrinsics.h"
#include "device/emulator/intrinsics.h"
#include "support/error.h"

#include "llvm/Analysis/ValueTracking.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"

using namespace llvm;

namespace gpt2 {
namespace {

class Announcer {
public:
  explicit Announcer(Function &function)
      : function(function), layout(function.getParent()->getDataLayout()),
        builder(function.getContext()) {}

  void announceAll() {
    for (Instruction &instruction :
         make_early_inc_range(instructions(function)))
      if (instruction.mayReadOrWriteMemory() && !isa<FenceInst>(instruction))
        announce(instruction);
  }

private:
  void announce(Instruction &instruction) {
    builder.SetInsertPoint(&instruction);
    if (auto *load = dyn_cast<LoadInst>(&instruction))
      return use(load->getPointerOperand(), load->getType(), load->getAlign(),
                 load->isAtomic() ? Access::Atomic : Access::Read);
    if (auto *store = dyn_cast<StoreInst>(&instruction))
      return use(store->getPointerOperand(),
                 store->getValueOperand()->getType(), store->getAlign(),
                 store->isAtomic() ? Access::Atomic : Access::Write);
    if (auto *update = dyn_cast<AtomicRMWInst>(&instruction))
      return use(update->getPointerOperand(), update->getType(),
                 update->getAlign(), Access::Atomic);
    if (auto *exchange = dyn_cast<AtomicCmpXchgInst>(&instruction))
      return use(exchange->getPointerOperand(),
                 exchange->getNewValOperand()->getType(), exchange->getAlign(),
                 Access::Atomic);
    if (auto *intrinsic = dyn_cast<IntrinsicInst>(&instruction))
      return announceIntrinsic(*intrinsic);
    auto *call = dyn_cast<CallInst>(&instruction);
    if (!call || call->hasByValArgument() || !isHarmless(*call))
      unknown(instruction);
  }

  /// Whether what is called announces what it does, or does nothing.
  static bool isHarmless(const CallInst &call) {
    const Function *callee = call.getCalledFunction();
    if (callee && (!callee->isDeclaration() || isEmulatorFunction(*callee)))
      return true;
    return call.getMemoryEffects()
        .getWithoutLoc(IRMemLocation::InaccessibleMem)
        .getWithoutLoc(IRMemLocation::ErrnoMem)
        .doesNotAccessMemory();
  }

  void announceIntrinsic(IntrinsicInst &intrinsic) {
    if (auto *set = dyn_cast<MemIntrinsic>(&intrinsic)) {
      announceRange(set->getRawDest(), set->getLength(), set->getDestAlign(),
                    Access::Write);
      if (auto *transfer = dyn_cast<MemTransferInst>(set))
        announceRange(transfer->getRawSource(), transfer->getLength(),
                      transfer->getSourceAlign(), Access::Read);
      return;
    }
    switch (intrinsic.getIntrinsicID()) {
    case Intrinsic::masked_load:
    case Intrinsic::masked_gather:
      return announceLanes(intrinsic, 0, intrinsic.getType(), 1, Access::Read);
    case Intrinsic::masked_store:
    case Intrinsic::masked_scatter:
      return announceLanes(intrinsic, 1, storedType(intrinsic), 2,
                           Access::Write);
    case Intrinsic::masked_expandload:
      return announcePacked(intrinsic, 0, intrinsic.getType(), 1, Access::Read);
    case Intrinsic::masked_compressstore:
      return announcePacked(intrinsic, 1, storedType(intrinsic), 2,
                            Access::Write);
    case Intrinsic::prefetch: // asks for nothing that must be there
      return;
    default:
      if (!intrinsic.isAssumeLikeIntrinsic() && !isHarmless(intrinsic))
        unknown(intrinsic);
    }
  }

  static Type *storedType(IntrinsicInst &intrinsic) {
    return intrinsic.getArgOperand(0)->getType();
  }

  /// Each lane of a masked access as an access of its own, of no bytes if the
  /// lane is off. Operands `at` and `mask`: the first lane's address, or a
  /// vector of all lanes', and which lanes are on.
  void announceLanes(IntrinsicInst &intrinsic, unsigned at, Type *type,
                     unsigned mask, Access access) {
    auto [lanes, bytes] = lanesOf(type, intrinsic);
    Value *address = intrinsic.getArgOperand(at);
    Align align = intrinsic.getParamAlign(at).valueOrOne();
    bool isScattered = address->getType()->isVectorTy();
    for (unsigned lane = 0; lane < lanes; ++lane) {
      Value *isOn =
          builder.CreateExtractElement(intrinsic.getArgOperand(mask), lane);
      Value *place = isScattered
                         ? builder.CreateExtractElement(address, lane)
                         : builder.CreateConstGEP1_64(builder.getInt8Ty(),
                                                      address, lane * bytes);
      check(place,
            builder.CreateSelect(isOn, builder.getInt64(bytes),
                                 builder.getInt64(0)),
            isScattered ? align : commonAlignment(align, lane * bytes), access);
    }
  }

  /// Elements that follow each other, as many as lanes are on.
  void announcePacked(IntrinsicInst &intrinsic, unsigned at, Type *type,
                      unsigned mask, Access access) {
    auto [lanes, bytes] = lanesOf(type, intrinsic);
    Value *on = builder.CreateAddReduce(
        builder.CreateZExt(intrinsic.getArgOperand(mask),
                           FixedVectorType::get(builder.getInt64Ty(), lanes)));
    check(intrinsic.getArgOperand(at),
          builder.CreateMul(on, builder.getInt64(bytes)),
          intrinsic.getParamAlign(at).valueOrOne(), access);
  }

  /// How many lanes, and the bytes of each.
  std::pair<unsigned, uint64_t> lanesOf(Type *type, Instruction &instruction) {
    auto *vector = dyn_cast<FixedVectorType>(type);
    if (!vector || !layout.typeSizeEqualsStoreSize(vector->getElementType()))
      unknown(instruction);
    return {vector->getNumElements(),
            layout.getTypeStoreSize(vector->getElementType())};
  }

  void announceRange(Value *address, Value *bytes, MaybeAlign align,
                     Access access) {
    check(address, builder.CreateZExtOrTrunc(bytes, builder.getInt64Ty()),
          align.valueOrOne(), access);
  }

  void use(Value *address, Type *type, Align align, Access access) {
    TypeSize bytes = layout.getTypeStoreSize(type);
    if (bytes.isScalable())
      unknown(*builder.GetInsertPoint());
    check(address, builder.getInt64(bytes), align, access);
  }

  static bool isKnown(Value *address, Access access) {
    const Value *object = getUnderlyingObject(address);
    const auto *global = dyn_cast<GlobalVariable>(object);
    return isa<AllocaInst>(object) ||
           (global && global->isConstant() && access == Access::Read);
  }

  void check(Value *address, Value *bytes, Align align, Access access) {
    if (isKnown(address, access))
      return;
    callEmulator(builder, EmulatorFunction::check,
                 {builder.CreateAddrSpaceCast(address, builder.getPtrTy()),
                  bytes, builder.getInt32(align.value()),
                  builder.getInt32(static_cast<uint32_t>(access))});
  }

  [[noreturn]] void unknown(Instruction &instruction) {
    std::string text;
    raw_string_ostream stream(text);
    instruction.print(stream);
    fail("kernel @", function.getName().str(),
         ": the emulator cannot see what this does to memory:", text,
         "; expected loads, stores, masked ones, memset, memcpy, memmove or "
         "atomic operations");
  }

  Function &function;
  const DataLayout &layout;
  IRBuilder<> builder;
};

} // namespace

void announceAccesses(Function &function) { Announcer(function).announceAll(); }

} // namespace gpt2
