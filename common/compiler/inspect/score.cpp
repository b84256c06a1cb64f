//===- score.cpp - What a program does, read off its loops --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/inspect/score.h"
#include "compiler/inspect/work.h"
#include "support/error.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

#include <limits>
#include <map>

using namespace mlir;

namespace gpt2 {
namespace {

class Scorer {
public:
  Scorer(double cacheBytes, const KnownElements &elements,
         const KnownSizes &sizes, unsigned subgroupSize)
      : cache(cacheBytes), elements(elements), sizes(sizes),
        subgroupSize(subgroupSize) {}

  Work ofBlock(Block &block) {
    Work work;
    for (Operation &op : block) {
      if (auto loop = dyn_cast<scf::ForOp>(op))
        work.add(ofLoop(loop));
      else if (auto loop = dyn_cast<scf::ParallelOp>(op))
        work.add(ofParts(loop));
      else if (auto launch = dyn_cast<gpu::LaunchOp>(op))
        work.add(ofLaunch(launch));
      else if (auto branch = dyn_cast<scf::IfOp>(op))
        work.add(ofBranch(branch));
      else
        work.add(workOf(&op, subgroupSize));
    }
    return work;
  }

private:
  /// Whether `variable`, of a loop or launch, decides what `inner` does: how
  /// often a loop runs, or which way all threads of a block go.
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
      failAt(loop, "how often the loop runs");
    return ofTurns(loop, loop.getInductionVar(), *from, *to, *step,
                   [&] { return ofBlock(*loop.getBody()); });
  }

  /// `iteration` for each value of `variable`, which `op` counts up.
  Work ofTurns(Operation *op, Value variable, int64_t from, int64_t to,
               int64_t step, llvm::function_ref<Work()> iteration) {
    Work sum;
    // Iterations that are alike are counted once.
    bool alike = !op->walk([&](Operation *inner) {
                      return inner != op && isDecidedBy(variable, inner)
                                 ? WalkResult::interrupt()
                                 : WalkResult::advance();
                    }).wasInterrupted();
    for (int64_t i = from; i < to; i += step) {
      known[variable] = i;
      double iterations = alike ? llvm::divideCeil(to - from, step) : 1;
      sum.addIterations(iteration(), iterations, variable, cache);
      if (alike)
        break;
    }
    known.erase(variable);
    return sum;
  }

  /// Threads divide what a loop around another does.
  Work ofParts(scf::ParallelOp loop) {
    std::function<Work(size_t)> from = [&](size_t level) {
      if (level == loop.getNumLoops())
        return ofBlock(*loop.getBody());
      std::optional<int64_t> first = valueOf(loop.getLowerBound()[level]);
      std::optional<int64_t> end = valueOf(loop.getUpperBound()[level]);
      std::optional<int64_t> step = valueOf(loop.getStep()[level]);
      if (!first || !end || !step)
        failAt(loop, "how many parts the loop has");
      return ofTurns(loop, loop.getInductionVars()[level], *first, *end, *step,
                     [&] { return from(level + 1); });
    };
    return from(0);
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
      work.add(ofBlock(*branch.thenBlock()));
    if (branch.elseBlock() && !taken.value_or(0))
      work.add(ofBlock(*branch.elseBlock()));
    return work;
  }

  [[noreturn]] static void failAt(Operation *op, const char *what) {
    std::string where;
    llvm::raw_string_ostream(where) << op->getLoc();
    fail("the score cannot tell ", what, " at ", where);
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
    if (auto load = dyn_cast<memref::LoadOp>(op))
      return elementOf(load);
    if (auto dim = dyn_cast<memref::DimOp>(op))
      return sizeOf(dim.getSource(), dim.getConstantIndex());
    if (auto least = dyn_cast<affine::AffineMinOp>(op))
      return leastOf(least);
    if (auto loop = dyn_cast<scf::ForOp>(op))
      return resultOf(loop, cast<OpResult>(value).getResultNumber());
    if (auto branch = dyn_cast<scf::IfOp>(op))
      return resultOf(branch, cast<OpResult>(value).getResultNumber());
    SmallVector<Attribute> operands, results;
    SmallVector<OpFoldResult> folded;
    for (Value operand : op->getOperands()) {
      std::optional<int64_t> number = numberOf(operand);
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

  /// What is loaded of an argument whose elements are known.
  std::optional<int64_t> elementOf(memref::LoadOp load) {
    auto argument = dyn_cast<BlockArgument>(load.getMemRef());
    if (!argument || load.getIndices().size() != 1)
      return std::nullopt;
    auto known = elements.find(argument.getArgNumber());
    std::optional<int64_t> index = valueOf(load.getIndices()[0]);
    if (known == elements.end() || !index || *index < 0 ||
        *index >= static_cast<int64_t>(known->second.size()))
      return std::nullopt;
    return known->second[static_cast<size_t>(*index)];
  }

  /// Size `index` of `buffer`: of an argument whose sizes are known, of memory
  /// that is as large as something, or of another shape of that.
  std::optional<int64_t> sizeOf(Value buffer, std::optional<int64_t> index) {
    if (!index)
      return std::nullopt;
    auto type = cast<MemRefType>(buffer.getType());
    if (!type.isDynamicDim(*index))
      return type.getDimSize(*index);
    if (auto argument = dyn_cast<BlockArgument>(buffer)) {
      auto known =
          sizes.find({argument.getArgNumber(), static_cast<unsigned>(*index)});
      return known == sizes.end() ? std::nullopt : std::optional(known->second);
    }
    if (auto view = buffer.getDefiningOp<memref::ViewOp>())
      return valueOf(view.getSizes()[type.getDynamicDimIndex(*index)]);
    if (auto expand = buffer.getDefiningOp<memref::ExpandShapeOp>())
      return valueOf(expand.getOutputShape()[type.getDynamicDimIndex(*index)]);
    auto collapse = buffer.getDefiningOp<memref::CollapseShapeOp>();
    if (!collapse)
      return std::nullopt;
    int64_t product = 1;
    for (int64_t part : collapse.getReassociationIndices()[*index]) {
      std::optional<int64_t> size = sizeOf(collapse.getSrc(), part);
      if (!size)
        return std::nullopt;
      product *= *size;
    }
    return product;
  }

  /// valueOf(), of a value of any type.
  std::optional<int64_t> numberOf(Value value) {
    return value.getType().isIntOrIndex() ? valueOf(value) : std::nullopt;
  }

  /// What a loop ends with as its result `number`. Others that it carries may
  /// be unknown, as sums are, if this does not depend on them.
  std::optional<int64_t> resultOf(scf::ForOp loop, unsigned number) {
    std::optional<int64_t> from = valueOf(loop.getLowerBound());
    std::optional<int64_t> to = valueOf(loop.getUpperBound());
    std::optional<int64_t> step = valueOf(loop.getStep());
    if (!from || !to || !step)
      return std::nullopt;
    auto numbersOf = [&](ValueRange values) {
      SmallVector<std::optional<int64_t>> numbers;
      for (Value value : values)
        numbers.push_back(numberOf(value));
      return numbers;
    };
    SmallVector<std::optional<int64_t>> carried = numbersOf(loop.getInitArgs());
    for (int64_t i = *from; i < *to && carried[number]; i += *step) {
      known[loop.getInductionVar()] = i;
      for (auto [argument, value] :
           llvm::zip_equal(loop.getRegionIterArgs(), carried)) {
        known.erase(argument);
        if (value)
          known[argument] = *value;
      }
      carried = numbersOf(loop.getYieldedValues());
    }
    for (Value argument : loop.getBody()->getArguments())
      known.erase(argument);
    return carried[number];
  }

  /// What the side of a branch that is taken yields.
  std::optional<int64_t> resultOf(scf::IfOp branch, unsigned number) {
    std::optional<int64_t> taken = valueOf(branch.getCondition());
    if (!taken)
      return std::nullopt;
    scf::YieldOp yield = *taken ? branch.thenYield() : branch.elseYield();
    return numberOf(yield.getOperand(number));
  }

  std::optional<int64_t> leastOf(affine::AffineMinOp op) {
    SmallVector<Attribute> operands, results;
    for (Value operand : op->getOperands()) {
      std::optional<int64_t> number = valueOf(operand);
      if (!number)
        return std::nullopt;
      operands.push_back(IntegerAttr::get(operand.getType(), *number));
    }
    if (failed(op.getAffineMap().constantFold(operands, results)))
      return std::nullopt;
    int64_t least = std::numeric_limits<int64_t>::max();
    for (Attribute result : results)
      least = std::min(least, cast<IntegerAttr>(result).getInt());
    return least;
  }

  double cache;
  const KnownElements &elements;
  const KnownSizes &sizes;
  unsigned subgroupSize;
  DenseMap<Value, int64_t> known; ///< loop variables in their iteration
};

/// What `function` holds for temporaries: allocations, or places in globals or
/// in an arena.
void countTemporaries(func::FuncOp function, Score &score) {
  // A size that is not known throws, which a walk cannot be unwound for.
  SmallVector<memref::AllocOp> allocs;
  SmallVector<memref::ViewOp> views;
  function.walk([&](memref::AllocOp alloc) { allocs.push_back(alloc); });
  function.walk([&](memref::ViewOp view) { views.push_back(view); });
  for (memref::AllocOp alloc : allocs) {
    ++score.temporaries;
    score.temporaryBytes += static_cast<int64_t>(bytesOf(alloc));
  }
  std::map<std::string, double> places;
  for (memref::ViewOp view : views) {
    std::string place;
    if (auto global = view.getSource().getDefiningOp<memref::GetGlobalOp>())
      place = global.getName();
    else if (std::optional<int64_t> at =
                 getConstantIntValue(view.getByteShift()))
      place = std::to_string(*at);
    else
      continue;
    double &bytes = places[place];
    bytes = std::max(bytes, bytesOf(view.getResult()));
  }
  for (const auto &[name, bytes] : places) {
    ++score.temporaries;
    score.temporaryBytes += static_cast<int64_t>(bytes);
  }
}

} // namespace

Score scoreOf(func::FuncOp function, double cacheBytes,
              const KnownElements &elements, const KnownSizes &sizes,
              unsigned subgroupSize) {
  Work work = Scorer(cacheBytes, elements, sizes, subgroupSize)
                  .ofBlock(function.getBody().front());
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
      depth += isa<scf::ForOp, scf::ParallelOp>(op);
    score.loops.resize(std::max(score.loops.size(), depth + 1));
    ++score.loops[depth];
  });
  return score;
}

} // namespace gpt2
