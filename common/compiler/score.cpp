//===- score.cpp - What a program does, read off its loops --------------===//
#include "compiler/score.h"
#include "compiler/buffer_size.h"
#include "model/error.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

#include <map>

using namespace mlir;

namespace gpt2 {
namespace {

/// An address that loads and stores use: a buffer or a part of it, at indices.
using Address = std::vector<void *>;

/// What happens at one address while some part of the program runs.
struct Access {
  Value buffer;          ///< the whole one that the address lies in
  DenseSet<Value> moves; ///< the loop variables that the address depends on
  double footprint = 0;  ///< distinct bytes
  double read = 0, written = 0; ///< bytes between memory and cache
};

/// What a part of the program does.
struct Work {
  double flops = 0, calls = 0, allocations = 0;
  double launches = 0, blocks = 0, threads = 0;
  std::map<Address, Access> accesses;

  /// Distinct bytes, of no buffer more than it has.
  double footprint() const {
    llvm::MapVector<Value, double> ofBuffer;
    for (const auto &[address, access] : accesses)
      ofBuffer[access.buffer] += access.footprint;
    double sum = 0;
    for (auto [buffer, bytes] : ofBuffer)
      sum += std::min(bytes, bytesOf(buffer));
    return sum;
  }

  static double bytesOf(Value buffer) {
    std::optional<int64_t> bytes = largestBytes(buffer);
    if (!bytes)
      fail("the score needs buffers of known size");
    return static_cast<double>(*bytes);
  }
};

class Scorer {
public:
  explicit Scorer(double cacheBytes) : cache(cacheBytes) {}

  Work ofBlock(Block &block) {
    Work work;
    for (Operation &op : block) {
      if (auto loop = dyn_cast<scf::ForOp>(op))
        add(work, ofLoop(loop));
      else if (auto launch = dyn_cast<gpu::LaunchOp>(op))
        add(work, ofLaunch(launch));
      else if (auto branch = dyn_cast<scf::IfOp>(op))
        add(work, ofBranch(branch));
      else
        add(work, ofOperation(&op));
    }
    return work;
  }

private:
  static void add(Work &sum, Work &&part) {
    sum.flops += part.flops;
    sum.calls += part.calls;
    sum.allocations += part.allocations;
    sum.launches += part.launches;
    sum.blocks += part.blocks;
    sum.threads += part.threads;
    for (auto &[address, access] : part.accesses) {
      auto [entry, isNew] = sum.accesses.try_emplace(address, access);
      if (isNew)
        continue;
      // The same address again, a few operations later: it is in the cache.
      entry->second.read = std::max(entry->second.read, access.read);
      entry->second.written = std::max(entry->second.written, access.written);
    }
  }

  Work ofOperation(Operation *op) {
    Work work;
    if (isa<arith::AddFOp, arith::SubFOp, arith::MulFOp, arith::DivFOp,
            arith::MaximumFOp, math::RsqrtOp>(op))
      work.flops = elements(op->getResult(0).getType());
    if (isa<vector::FMAOp>(op))
      work.flops = 2 * elements(op->getResult(0).getType());
    if (isa<gpu::SubgroupReduceOp>(op)) // a lane adds its partner's, and again
      work.flops = 5;
    if (isa<math::ExpOp, math::TanhOp>(op))
      work.flops = work.calls = 1;
    if (isa<memref::AllocOp>(op))
      work.allocations = 1;
    if (auto load = dyn_cast<memref::LoadOp>(op);
        load && isGlobal(load.getMemRefType()))
      touch(work, load.getMemRef(), load.getIndices()).read =
          elementBytes(load.getMemRefType());
    if (auto store = dyn_cast<memref::StoreOp>(op);
        store && isGlobal(store.getMemRefType()))
      touch(work, store.getMemRef(), store.getIndices()).written =
          elementBytes(store.getMemRefType());
    if (auto copy = dyn_cast<memref::CopyOp>(op)) {
      Access &from = touch(work, copy.getSource(), {});
      from.read = from.footprint = Work::bytesOf(copy.getSource());
      Access &to = touch(work, copy.getTarget(), {});
      to.written = to.footprint = Work::bytesOf(copy.getTarget());
    }
    return work;
  }

  /// How many numbers a value of `type` is.
  static double elements(Type type) {
    auto vector = dyn_cast<VectorType>(type);
    return vector ? static_cast<double>(vector.getNumElements()) : 1;
  }

  /// Not a block's shared memory, nor a thread's registers.
  static bool isGlobal(MemRefType type) {
    return !isa_and_nonnull<gpu::AddressSpaceAttr>(type.getMemorySpace());
  }

  static double elementBytes(MemRefType type) {
    return llvm::divideCeil(type.getElementTypeBitWidth(), 8);
  }

  /// Notes an access to an element of `part` at `indices`.
  Access &touch(Work &work, Value part, ValueRange indices) {
    Address address;
    Access access;
    access.footprint = elementBytes(cast<MemRefType>(part.getType()));
    auto note = [&](ValueRange values) {
      for (Value value : values) {
        address.push_back(value.getAsOpaquePointer());
        collectMoves(value, access.moves);
      }
    };
    note(indices);
    while (auto view = part.getDefiningOp<ViewLikeOpInterface>()) {
      address.push_back(part.getAsOpaquePointer());
      for (Value operand : view->getOperands())
        if (operand != view.getViewSource())
          collectMoves(operand, access.moves);
      // Buffers in a planned place are buffers of their own.
      if (isa<memref::ViewOp>(view))
        break;
      part = view.getViewSource();
    }
    address.push_back(part.getAsOpaquePointer());
    access.buffer = part;
    return work.accesses.try_emplace(address, access).first->second;
  }

  /// Adds the loop variables that `value` is computed from, or from what is
  /// loaded.
  static void collectMoves(Value value, DenseSet<Value> &moves) {
    SmallVector<Value> worklist{value};
    DenseSet<Value> seen;
    while (!worklist.empty()) {
      Value next = worklist.pop_back_val();
      if (!seen.insert(next).second)
        continue;
      if (Operation *op = next.getDefiningOp())
        llvm::append_range(worklist, op->getOperands());
      else
        moves.insert(next);
      // A thread's turns begin at a place of its own.
      if (auto argument = dyn_cast<BlockArgument>(next))
        if (auto loop =
                dyn_cast<scf::ForOp>(argument.getOwner()->getParentOp());
            loop && argument == loop.getInductionVar())
          worklist.push_back(loop.getLowerBound());
    }
  }

  /// Whether `variable`, of a loop or launch, decides what `inner` does: how
  /// often a loop turns, or which way all threads of a block go.
  static bool isDecidedBy(Value variable, Operation *inner) {
    DenseSet<Value> moves;
    if (auto loop = dyn_cast<scf::ForOp>(inner)) {
      for (Value bound : {loop.getLowerBound(), loop.getUpperBound()})
        collectMoves(bound, moves);
    } else if (auto branch = dyn_cast<scf::IfOp>(inner)) {
      collectMoves(branch.getCondition(), moves);
      if (isOfThreads(moves))
        return false;
    }
    return moves.contains(variable);
  }

  /// Whether an id of a thread in its block is among `moves`.
  static bool isOfThreads(const DenseSet<Value> &moves) {
    return llvm::any_of(moves, [](Value value) {
      auto launch =
          dyn_cast<gpu::LaunchOp>(value.getParentBlock()->getParentOp());
      return launch && llvm::is_contained(threadIds(launch), value);
    });
  }

  static SmallVector<Value> threadIds(gpu::LaunchOp launch) {
    gpu::KernelDim3 ids = launch.getThreadIds();
    return {ids.z, ids.y, ids.x};
  }

  Work ofLoop(scf::ForOp loop) {
    std::optional<int64_t> from = valueOf(loop.getLowerBound());
    std::optional<int64_t> to = valueOf(loop.getUpperBound());
    std::optional<int64_t> step = valueOf(loop.getStep());
    if (!from || !to || !step)
      failAt(loop, "how often the loop turns");
    return ofTurns(loop, loop.getInductionVar(), *from, *to, *step,
                   [&] { return ofBlock(*loop.getBody()); });
  }

  /// `turn` for each value of `variable`, which `op` counts up.
  Work ofTurns(Operation *op, Value variable, int64_t from, int64_t to,
               int64_t step, llvm::function_ref<Work()> turn) {
    Work sum;
    // Turns that are alike are counted once.
    bool alike = !op->walk([&](Operation *inner) {
                      return inner != op && isDecidedBy(variable, inner)
                                 ? WalkResult::interrupt()
                                 : WalkResult::advance();
                    }).wasInterrupted();
    for (int64_t i = from; i < to; i += step) {
      known[variable] = i;
      double turns = alike ? llvm::divideCeil(to - from, step) : 1;
      addTurns(sum, turn(), turns, variable);
      if (alike)
        break;
    }
    known.erase(variable);
    return sum;
  }

  /// A launch is loops over blocks, and over threads in them.
  Work ofLaunch(gpu::LaunchOp launch) {
    gpu::KernelDim3 blocks = launch.getBlockIds();
    gpu::KernelDim3 grid = launch.getGridSizeOperandValues();
    gpu::KernelDim3 block = launch.getBlockSizeOperandValues();
    SmallVector<Value> variables{blocks.z, blocks.y, blocks.x};
    llvm::append_range(variables, threadIds(launch));
    SmallVector<int64_t> extents;
    for (Value size : {grid.z, grid.y, grid.x, block.z, block.y, block.x}) {
      std::optional<int64_t> extent = valueOf(size);
      if (!extent)
        failAt(launch, "how many threads are launched");
      extents.push_back(*extent);
    }
    std::function<Work(size_t)> from = [&](size_t level) {
      if (level == variables.size())
        return ofBlock(launch.getBody().front());
      return ofTurns(launch, variables[level], 0, extents[level], 1,
                     [&] { return from(level + 1); });
    };
    Work work = from(0);
    work.launches = 1;
    work.blocks = static_cast<double>(extents[0] * extents[1] * extents[2]);
    work.threads =
        work.blocks * static_cast<double>(extents[3] * extents[4] * extents[5]);
    return work;
  }

  /// What a block's threads decide alike is decided; otherwise all are counted
  /// as if they went along, both ways if there are two.
  Work ofBranch(scf::IfOp branch) {
    DenseSet<Value> moves;
    collectMoves(branch.getCondition(), moves);
    std::optional<int64_t> taken;
    if (!isOfThreads(moves))
      taken = valueOf(branch.getCondition());
    Work work;
    if (taken.value_or(1))
      add(work, ofBlock(*branch.thenBlock()));
    if (branch.elseBlock() && !taken.value_or(0))
      add(work, ofBlock(*branch.elseBlock()));
    return work;
  }

  [[noreturn]] static void failAt(Operation *op, const char *what) {
    std::string where;
    llvm::raw_string_ostream(where) << op->getLoc();
    fail("the score cannot tell ", what, " at ", where);
  }

  void addTurns(Work &sum, const Work &turn, double turns, Value variable) {
    sum.flops += turns * turn.flops;
    sum.calls += turns * turn.calls;
    sum.allocations += turns * turn.allocations;
    sum.launches += turns * turn.launches;
    sum.blocks += turns * turn.blocks;
    sum.threads += turns * turn.threads;
    bool stays = turn.footprint() <= cache;
    for (const auto &[address, access] : turn.accesses) {
      auto [entry, isNew] = sum.accesses.try_emplace(address, access);
      Access &total = entry->second;
      if (isNew)
        total.footprint = total.read = total.written = 0;
      bool moves = access.moves.contains(variable);
      if (moves)
        total.footprint += turns * access.footprint;
      else
        total.footprint = std::max(total.footprint, access.footprint);
      if (moves || !stays) {
        total.read += turns * access.read;
        total.written += turns * access.written;
      } else {
        total.read = std::max(total.read, access.read);
        total.written = std::max(total.written, access.written);
      }
    }
  }

  /// The value of an index or a condition, if it follows from constants and
  /// loop variables.
  std::optional<int64_t> valueOf(Value value) {
    if (auto found = known.find(value); found != known.end())
      return found->second;
    if (std::optional<int64_t> constant = getConstantIntValue(value))
      return constant;
    Operation *op = value.getDefiningOp();
    if (!op)
      return std::nullopt;
    SmallVector<Attribute> operands, results;
    SmallVector<OpFoldResult> folded;
    for (Value operand : op->getOperands()) {
      std::optional<int64_t> number;
      if (operand.getType().isIntOrIndex())
        number = valueOf(operand);
      operands.push_back(number ? IntegerAttr::get(operand.getType(), *number)
                                : Attribute());
    }
    // Operations know how to compute themselves from constants.
    if (failed(op->fold(operands, folded)) || folded.size() != 1)
      return std::nullopt;
    if (auto operand = dyn_cast<Value>(folded.front())) // as of x + 0
      return valueOf(operand);
    return getConstantIntValue(folded.front());
  }

  double cache;
  DenseMap<Value, int64_t> known; ///< loop variables in their turn
};

/// What `function` holds for temporaries: allocations, or places in globals or
/// in an arena.
void countTemporaries(func::FuncOp function, Score &score) {
  std::map<std::string, double> places;
  function.walk([&](memref::AllocOp alloc) {
    ++score.temporaries;
    score.temporaryBytes += static_cast<int64_t>(Work::bytesOf(alloc));
  });
  function.walk([&](memref::ViewOp view) {
    std::string place;
    if (auto global = view.getSource().getDefiningOp<memref::GetGlobalOp>())
      place = global.getName();
    else if (std::optional<int64_t> at =
                 getConstantIntValue(view.getByteShift()))
      place = std::to_string(*at);
    else
      return;
    double &bytes = places[place];
    bytes = std::max(bytes, Work::bytesOf(view.getResult()));
  });
  for (const auto &[name, bytes] : places) {
    ++score.temporaries;
    score.temporaryBytes += static_cast<int64_t>(bytes);
  }
}

} // namespace

Score scoreOf(func::FuncOp function, double cacheBytes) {
  Work work = Scorer(cacheBytes).ofBlock(function.getBody().front());
  Score score;
  score.flops = work.flops;
  score.calls = work.calls;
  score.allocations = work.allocations;
  score.launches = work.launches;
  score.blocks = work.blocks;
  score.threads = work.threads;
  for (const auto &[address, access] : work.accesses) {
    score.bytesRead += access.read;
    score.bytesWritten += access.written;
  }
  countTemporaries(function, score);
  function.walk([&](scf::ForOp loop) {
    size_t depth = 0;
    for (Operation *op = loop->getParentOp(); op; op = op->getParentOp())
      depth += isa<scf::ForOp>(op);
    score.loops.resize(std::max(score.loops.size(), depth + 1));
    ++score.loops[depth];
  });
  return score;
}

} // namespace gpt2
