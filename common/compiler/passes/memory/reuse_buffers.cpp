//===- reuse_buffers.cpp - Memory for temporaries, planned --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Lifetimes. Operations are numbered in the order of the text. A buffer lives
// from its allocation to its last use; if that is in a loop which the
// allocation is not in, to the loop's end. A buffer that is allocated in a loop
// carries nothing from one iteration to the next, so this holds in loops too.
//
// Places, not one block with offsets: LLVM knows that two globals do not
// overlap, and of two parts of one block it does not, which keeps it from
// holding sums in registers. The price is that two threads cannot run one
// program at once.
//
//===----------------------------------------------------------------------===//
#include "compiler/passes/memory/buffer_size.h"
#include "compiler/passes/passes.h"
#include "device/program_abi.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace gpt2 {

#define GEN_PASS_DEF_REUSEBUFFERS
#include "compiler/passes/Passes.h.inc"

namespace {

/// A buffer: where it lives, in numbered operations, and its bytes at most.
struct Buffer {
  memref::AllocOp alloc;
  unsigned first, last;
  int64_t bytes;
  SmallVector<Operation *> deallocs;
};

/// A global, and the buffers that share it.
struct Place {
  int64_t bytes = 0;
  int64_t alignment = 64;
  SmallVector<Buffer *> buffers;

  bool isFreeFor(const Buffer &buffer) const {
    return llvm::none_of(buffers, [&](const Buffer *other) {
      return buffer.first <= other->last && other->first <= buffer.last;
    });
  }
};

/// Of a place in an arena: what GPUs read at once, and what CUDA aligns
/// allocations to.
constexpr int64_t arenaAlignment = 256;

struct ReuseBuffers : impl::ReuseBuffersBase<ReuseBuffers> {
  using Base::Base;

  void runOnOperation() final {
    SymbolTable symbols(getOperation());
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (!function.isDeclaration() && failed(plan(function, symbols)))
        return signalPassFailure();
  }

private:
  /// The bytes that `alloc` has at most.
  FailureOr<int64_t> bytesOf(memref::AllocOp alloc) {
    if (!alloc.getType().getLayout().isIdentity())
      return alloc.emitError("reuse-buffers knows dense buffers only");
    if (alloc.getType().getMemorySpace())
      return alloc.emitError("reuse-buffers knows buffers in no memory space "
                             "of their own only");
    if (!elementBytes(alloc.getType()))
      return alloc.emitError("reuse-buffers does not know the size of ")
             << alloc.getType().getElementType();
    if (arena && alignmentOf(alloc) > arenaAlignment)
      return alloc.emitError("reuse-buffers: an arena's places are aligned to ")
             << arenaAlignment << " bytes";
    std::optional<int64_t> context;
    if (auto attr =
            alloc->getParentOfType<func::FuncOp>()->getAttrOfType<IntegerAttr>(
                contextAttr))
      context = attr.getInt();
    std::optional<int64_t> bytes = largestBytes(alloc, context);
    if (!bytes)
      return alloc.emitError("the size of this buffer has no bound; expected ")
             << contextAttr << " on the function";
    return *bytes;
  }

  static int64_t alignmentOf(memref::AllocOp alloc) {
    return static_cast<int64_t>(alloc.getAlignment().value_or(1));
  }

  /// Whether `user`, of a buffer or a view, may keep it under a name that
  /// follow() does not know: yielded or returned, stored, as an address, ...
  static bool keeps(Operation *user, Value view) {
    if (user->hasTrait<OpTrait::IsTerminator>() ||
        isa<memref::ReallocOp, memref::ExtractAlignedPointerAsIndexOp,
            bufferization::ToTensorOp, UnrealizedConversionCastOp>(user))
      return true;
    auto store = dyn_cast<memref::StoreOp>(user);
    return store && store.getValueToStore() == view;
  }

  /// What `view` is a view of.
  static Value rootOf(Value view) {
    while (auto op = view.getDefiningOp<ViewLikeOpInterface>())
      view = op.getViewSource();
    return view;
  }

  /// Finds the last operation that `buffer` is alive in, and who frees it.
  static LogicalResult follow(Buffer &buffer,
                              const DenseMap<Operation *, unsigned> &ends) {
    memref::AllocOp alloc = buffer.alloc;
    SmallVector<Value> views{alloc.getResult()};
    while (!views.empty()) {
      Value view = views.pop_back_val();
      for (Operation *user : view.getUsers()) {
        Operation *inBlock = alloc->getBlock()->findAncestorOpInBlock(*user);
        bool frees = isa<memref::DeallocOp>(user);
        if (!inBlock || keeps(user, view) ||
            (frees && rootOf(view) != alloc.getResult())) {
          alloc.emitError("reuse-buffers cannot follow this buffer out of its "
                          "block")
                  .attachNote(user->getLoc())
              << "it leaves here";
          return failure();
        }
        if (frees)
          buffer.deallocs.push_back(user);
        // The end of `user`, seen from the block of the allocation.
        buffer.last = std::max(buffer.last, ends.at(inBlock));
        for (Value result : user->getResults())
          if (isa<BaseMemRefType>(result.getType()))
            views.push_back(result);
      }
    }
    return success();
  }

  LogicalResult plan(func::FuncOp function, SymbolTable &symbols) {
    // The number of each operation, and of the last one in its regions.
    DenseMap<Operation *, unsigned> starts, ends;
    unsigned number = 0;
    function.walk<WalkOrder::PreOrder>(
        [&](Operation *op) { starts[op] = number++; });
    function.walk([&](Operation *op) {
      unsigned end = starts[op];
      for (Region &region : op->getRegions())
        for (Block &block : region)
          if (!block.empty()) // as scf.forall's terminator has one
            end = std::max(end, ends.at(&block.back()));
      ends[op] = end;
    });

    std::vector<Buffer> buffers;
    WalkResult walked = function.walk([&](memref::AllocOp alloc) {
      FailureOr<int64_t> bytes = bytesOf(alloc);
      if (failed(bytes))
        return WalkResult::interrupt();
      buffers.push_back({alloc, starts[alloc], /*last=*/0, *bytes, {}});
      return WalkResult(follow(buffers.back(), ends));
    });
    if (walked.wasInterrupted())
      return failure();

    // The largest first; each into the first place that is free.
    llvm::stable_sort(buffers, [](const Buffer &a, const Buffer &b) {
      return a.bytes > b.bytes;
    });
    std::vector<Place> places;
    llvm::MapVector<scf::ForallOp, std::vector<Place>> ofThreads;
    for (Buffer &buffer : buffers) {
      scf::ForallOp loop = outermostForall(buffer.alloc);
      assign(buffer, loop ? ofThreads[loop] : places);
    }
    for (auto &[loop, own] : ofThreads)
      for (Place &place : own)
        settle(place, addToStack(loop, place), 0);
    if (arena)
      return settleInArena(function, places, symbols);
    for (Place &place : places)
      settle(place, addGlobal(function, place, symbols), 0);
    return success();
  }

  static void assign(Buffer &buffer, std::vector<Place> &places) {
    auto place = llvm::find_if(
        places, [&](const Place &p) { return p.isFreeFor(buffer); });
    if (place == places.end())
      place = places.insert(place, Place());
    place->bytes = std::max(place->bytes, buffer.bytes);
    place->alignment = std::max(place->alignment, alignmentOf(buffer.alloc));
    place->buffers.push_back(&buffer);
  }

  /// The loop over parts, if `alloc` is in one, that threads divide.
  static scf::ForallOp outermostForall(memref::AllocOp alloc) {
    scf::ForallOp outermost;
    for (Operation *op = alloc; op; op = op->getParentOp())
      if (auto loop = dyn_cast<scf::ForallOp>(op))
        outermost = loop;
    return outermost;
  }

  /// Makes each place a part of a new last argument.
  LogicalResult settleInArena(func::FuncOp function, ArrayRef<Place> places,
                              SymbolTable &symbols) {
    // Who calls the function looks for this name.
    std::string name = program_abi::arenaBytes(function.getName().str()).name;
    if (Operation *other = symbols.lookup(name))
      return other->emitError("reuse-buffers: @")
             << name << " is the name of an arena's size";
    OpBuilder builder(&getContext());
    SmallVector<int64_t> offsets;
    int64_t bytes = 0;
    for (const Place &place : places) {
      offsets.push_back(bytes);
      bytes += llvm::alignTo(place.bytes, arenaAlignment);
    }
    unsigned position = function.getNumArguments();
    (void)function.insertArgument(position,
                                  MemRefType::get({bytes}, builder.getI8Type()),
                                  {}, function.getLoc());
    auto size = MemRefType::get({}, builder.getI64Type());
    auto value = DenseElementsAttr::get(
        RankedTensorType::get({}, builder.getI64Type()), bytes);
    auto global = memref::GlobalOp::create(
        builder, function.getLoc(), name, /*sym_visibility=*/StringAttr(), size,
        value, /*constant=*/true, /*alignment=*/IntegerAttr());
    symbols.insert(global, function->getIterator());
    Value memory = function.getArgument(position);
    for (auto [place, offset] : llvm::zip_equal(places, offsets))
      settle(
          place, [&](OpBuilder &, Location) { return memory; }, offset);
    return success();
  }

  using Memory = llvm::function_ref<Value(OpBuilder &, Location)>;

  /// Puts the buffers of `place` at `offset` into `memory`, bytes.
  static void settle(const Place &place, Memory memory, int64_t offset) {
    for (Buffer *buffer : place.buffers) {
      memref::AllocOp alloc = buffer->alloc;
      OpBuilder builder(alloc);
      Value bytes = memory(builder, alloc.getLoc());
      Value start =
          arith::ConstantIndexOp::create(builder, alloc.getLoc(), offset);
      Value view =
          memref::ViewOp::create(builder, alloc.getLoc(), alloc.getType(),
                                 bytes, start, alloc.getDynamicSizes());
      for (Operation *dealloc : buffer->deallocs)
        dealloc->erase(); // a place is not given back
      alloc.replaceAllUsesWith(view);
      alloc.erase();
    }
  }

  /// As large as `place`, of each thread that takes part in `loop`.
  std::function<Value(OpBuilder &, Location)> addToStack(scf::ForallOp loop,
                                                         const Place &place) {
    OpBuilder builder = OpBuilder::atBlockBegin(loop.getBody());
    Value memory = memref::AllocaOp::create(
        builder, loop.getLoc(),
        MemRefType::get({place.bytes}, builder.getI8Type()),
        builder.getI64IntegerAttr(place.alignment));
    return [memory](OpBuilder &, Location) { return memory; };
  }

  /// A new global as large as `place`, of a name that no other has.
  std::function<Value(OpBuilder &, Location)>
  addGlobal(func::FuncOp function, const Place &place, SymbolTable &symbols) {
    OpBuilder builder(&getContext());
    auto type = MemRefType::get({place.bytes}, builder.getI8Type());
    auto global = memref::GlobalOp::create(
        builder, function.getLoc(), "buffer", builder.getStringAttr("private"),
        type, /*initial_value=*/builder.getUnitAttr(), /*constant=*/false,
        builder.getI64IntegerAttr(place.alignment));
    StringAttr name = symbols.insert(global, function->getIterator());
    return [type, name](OpBuilder &builder, Location loc) {
      return memref::GetGlobalOp::create(builder, loc, type, name);
    };
  }
};

} // namespace
} // namespace gpt2
