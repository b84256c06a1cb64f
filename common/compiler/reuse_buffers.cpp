//===- reuse_buffers.cpp - Memory for temporaries, planned --------------===//
//
// Gives every memref.alloc of a function a place that is known when the program
// is compiled, so that running it allocates nothing. A place is a global of
// fixed size; buffers that are never alive together share one.
//
// Sizes. A buffer's open size is that of the tokens at hand, at most the
// function's `gpt2.context`; that of a tile is bounded by the tile. The bound
// is what is reserved. Memory that is never touched is never given by the
// system, so a short sequence pays for a short sequence.
//
// Lifetimes. Operations are numbered in the order of the text. A buffer lives
// from its allocation to its last use; if that is in a loop which the
// allocation is not in, to the loop's end. A buffer that is allocated in a loop
// carries nothing from one turn to the next, so this holds in loops too.
//
// Places, not one block with offsets: LLVM knows that two globals do not
// overlap, and of two parts of one block it does not, which keeps it from
// holding sums in registers. The price is that two threads cannot run one
// program at once.
//
//===----------------------------------------------------------------------===//
#include "compiler/buffer_size.h"
#include "compiler/passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;

namespace gpt2 {
namespace {

/// A buffer: where it lives, in numbered operations, and its bytes at most.
struct Buffer {
  memref::AllocOp alloc;
  unsigned first, last;
  int64_t bytes;
};

/// A global, and the buffers that share it.
struct Place {
  int64_t bytes = 0;
  SmallVector<Buffer *> buffers;
  memref::GlobalOp global;

  bool isFreeFor(const Buffer &buffer) const {
    return llvm::none_of(buffers, [&](const Buffer *other) {
      return buffer.first <= other->last && other->first <= buffer.last;
    });
  }
};

struct ReuseBuffers : PassWrapper<ReuseBuffers, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(ReuseBuffers)

  StringRef getName() const final { return "ReuseBuffers"; }
  StringRef getArgument() const final { return "reuse-buffers"; }
  StringRef getDescription() const final {
    return "Put temporaries into globals, which buffers that are not alive "
           "together share";
  }
  void getDependentDialects(DialectRegistry &registry) const final {
    registry.insert<arith::ArithDialect, memref::MemRefDialect>();
  }

  void runOnOperation() final {
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (!function.isDeclaration() && failed(plan(function)))
        return signalPassFailure();
  }

private:
  /// The bytes that `alloc` has at most.
  static FailureOr<int64_t> bytesOf(memref::AllocOp alloc) {
    if (!alloc.getType().getLayout().isIdentity())
      return alloc.emitError("reuse-buffers knows dense buffers only");
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

  /// The number of the last operation that `alloc` is alive in.
  static FailureOr<unsigned>
  lastUse(memref::AllocOp alloc, const DenseMap<Operation *, unsigned> &ends) {
    unsigned last = 0;
    SmallVector<Value> views{alloc.getResult()};
    while (!views.empty())
      for (Operation *user : views.pop_back_val().getUsers()) {
        // Yielded or returned, it would live on under another name.
        if (user->hasTrait<OpTrait::IsTerminator>()) {
          alloc.emitError("reuse-buffers cannot follow this buffer out of its "
                          "block")
                  .attachNote(user->getLoc())
              << "it leaves here";
          return failure();
        }
        // The end of `user`, seen from the block of the allocation.
        last = std::max(
            last, ends.at(alloc->getBlock()->findAncestorOpInBlock(*user)));
        for (Value result : user->getResults())
          if (isa<MemRefType>(result.getType()))
            views.push_back(result);
      }
    return last;
  }

  LogicalResult plan(func::FuncOp function) {
    // The number of each operation, and of the last one in its regions.
    DenseMap<Operation *, unsigned> starts, ends;
    unsigned number = 0;
    function.walk<WalkOrder::PreOrder>(
        [&](Operation *op) { starts[op] = number++; });
    function.walk([&](Operation *op) {
      unsigned end = starts[op];
      for (Region &region : op->getRegions())
        for (Block &block : region)
          end = std::max(end, ends.at(&block.back()));
      ends[op] = end;
    });

    std::vector<Buffer> buffers;
    WalkResult walked = function.walk([&](memref::AllocOp alloc) {
      FailureOr<int64_t> bytes = bytesOf(alloc);
      FailureOr<unsigned> last = lastUse(alloc, ends);
      if (failed(bytes) || failed(last))
        return WalkResult::interrupt();
      buffers.push_back({alloc, starts[alloc], *last, *bytes});
      return WalkResult::advance();
    });
    if (walked.wasInterrupted())
      return failure();

    // The largest first; each into the first place that is free.
    llvm::stable_sort(buffers, [](const Buffer &a, const Buffer &b) {
      return a.bytes > b.bytes;
    });
    std::vector<Place> places;
    for (Buffer &buffer : buffers) {
      auto place = llvm::find_if(
          places, [&](const Place &p) { return p.isFreeFor(buffer); });
      if (place == places.end())
        place = places.insert(place, Place());
      place->bytes = std::max(place->bytes, buffer.bytes);
      place->buffers.push_back(&buffer);
    }
    for (Place &place : places)
      settle(function, place);
    return success();
  }

  void settle(func::FuncOp function, Place &place) {
    OpBuilder builder(function);
    Location loc = function.getLoc();
    auto type = MemRefType::get({place.bytes}, builder.getI8Type());
    auto global = memref::GlobalOp::create(
        builder, loc, "buffer", builder.getStringAttr("private"), type,
        /*initial_value=*/builder.getUnitAttr(), /*constant=*/false,
        builder.getI64IntegerAttr(64));
    SymbolTable(getOperation()).insert(global); // renames if need be
    for (Buffer *buffer : place.buffers) {
      memref::AllocOp alloc = buffer->alloc;
      builder.setInsertionPoint(alloc);
      Value bytes = memref::GetGlobalOp::create(builder, alloc.getLoc(), type,
                                                global.getSymName());
      Value zero = arith::ConstantIndexOp::create(builder, alloc.getLoc(), 0);
      Value view =
          memref::ViewOp::create(builder, alloc.getLoc(), alloc.getType(),
                                 bytes, zero, alloc.getDynamicSizes());
      alloc.replaceAllUsesWith(view);
      alloc.erase();
    }
  }
};

} // namespace

std::unique_ptr<Pass> createReuseBuffers() {
  return std::make_unique<ReuseBuffers>();
}

} // namespace gpt2
