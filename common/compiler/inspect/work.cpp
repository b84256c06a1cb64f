//===- work.cpp - What a part of a program does -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/inspect/work.h"
#include "compiler/passes/memory/buffer_size.h"
#include "compiler/passes/passes.h"
#include "compiler/passes/weights/dot_products.h"
#include "support/error.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

using namespace mlir;

namespace gpt2 {
namespace {

/// How many numbers a value of `type` is.
double elements(Type type) {
  auto vector = dyn_cast<VectorType>(type);
  return vector ? static_cast<double>(vector.getNumElements()) : 1;
}

/// The part of `op` that a lane does: of a tile, which in a kernel is all of a
/// subgroup's (see distribute-tiles), one of `subgroupSize`.
double shareOf(Operation *op, unsigned subgroupSize) {
  auto vector = op->getNumResults()
                    ? dyn_cast<VectorType>(op->getResultTypes().front())
                    : VectorType();
  bool isTile =
      vector && vector.getRank() == 2 && op->getParentOfType<gpu::LaunchOp>();
  return isTile ? 1.0 / subgroupSize : 1;
}

/// The sums and products of a product of vectors.
double flopsOf(vector::ContractionOp op) {
  SmallVector<int64_t> loops;
  op.getIterationBounds(loops);
  double flops = 2;
  for (int64_t loop : loops)
    flops *= static_cast<double>(loop);
  return flops;
}

/// Not a block's shared memory, nor a thread's registers.
bool isGlobal(MemRefType type) {
  return !isa_and_nonnull<gpu::AddressSpaceAttr>(type.getMemorySpace());
}

double bytesOfElement(MemRefType type) {
  std::optional<int64_t> bytes = elementBytes(type);
  if (!bytes)
    fail("the score needs elements of known size");
  return static_cast<double>(*bytes);
}

/// Notes an access to an element of `part` at `indices`.
Access &touch(Work &work, Value part, ValueRange indices) {
  Address address;
  Access access;
  access.footprint = bytesOfElement(cast<MemRefType>(part.getType()));
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

} // namespace

double Work::footprint() const {
  llvm::MapVector<Value, double> ofBuffer;
  for (const auto &[address, access] : accesses)
    ofBuffer[access.buffer] += access.footprint;
  double sum = 0;
  for (auto [buffer, bytes] : ofBuffer)
    sum += std::min(bytes, bytesOf(buffer));
  return sum;
}

double bytesOf(Value buffer) {
  std::optional<int64_t> context;
  if (auto function = buffer.getParentRegion()->getParentOfType<func::FuncOp>())
    if (auto attr = function->getAttrOfType<IntegerAttr>(contextAttr))
      context = attr.getInt();
  std::optional<int64_t> bytes = largestBytes(buffer, context);
  if (!bytes)
    fail("the score needs buffers of known size");
  return static_cast<double>(*bytes);
}

void Work::add(Work &&part) {
  flops += part.flops;
  calls += part.calls;
  allocations += part.allocations;
  launches += part.launches;
  blocks += part.blocks;
  threads += part.threads;
  for (auto &[address, access] : part.accesses) {
    auto [entry, isNew] = accesses.try_emplace(address, access);
    if (isNew)
      continue;
    // The same address again, a few operations later: it is in the cache.
    entry->second.read = std::max(entry->second.read, access.read);
    entry->second.written = std::max(entry->second.written, access.written);
  }
}

void Work::addIterations(const Work &iteration, double iterations,
                         Value variable, double cacheBytes) {
  flops += iterations * iteration.flops;
  calls += iterations * iteration.calls;
  allocations += iterations * iteration.allocations;
  launches += iterations * iteration.launches;
  blocks += iterations * iteration.blocks;
  threads += iterations * iteration.threads;
  bool stays = iteration.footprint() <= cacheBytes;
  for (const auto &[address, access] : iteration.accesses) {
    auto [entry, isNew] = accesses.try_emplace(address, access);
    Access &total = entry->second;
    if (isNew)
      total.footprint = total.read = total.written = 0;
    bool moves = access.moves.contains(variable);
    if (moves)
      total.footprint += iterations * access.footprint;
    else
      total.footprint = std::max(total.footprint, access.footprint);
    if (moves || !stays) {
      total.read += iterations * access.read;
      total.written += iterations * access.written;
    } else {
      total.read = std::max(total.read, access.read);
      total.written = std::max(total.written, access.written);
    }
  }
}

/// The sums and products of an instruction that adds several products to each
/// of its lanes; 0 if `op` is none.
static double flopsOfDotProduct(Operation *op) {
  auto call = dyn_cast<LLVM::CallIntrinsicOp>(op);
  if (!call || !isDotProduct(call.getIntrin()))
    return 0;
  return 2 * elements(call.getArgs()[1].getType());
}

Work workOf(Operation *op, unsigned subgroupSize) {
  Work work;
  if (isa<arith::AddFOp, arith::SubFOp, arith::MulFOp, arith::DivFOp,
          arith::MaximumFOp, arith::MaxNumFOp, math::RsqrtOp>(op))
    work.flops = elements(op->getResult(0).getType());
  if (auto sum = dyn_cast<vector::ReductionOp>(op))
    work.flops = elements(sum.getSourceVectorType());
  if (auto product = dyn_cast<vector::ContractionOp>(op))
    work.flops = flopsOf(product);
  if (double flops = flopsOfDotProduct(op))
    work.flops = flops;
  if (isa<vector::FMAOp>(op))
    work.flops = 2 * elements(op->getResult(0).getType());
  // A lane adds its partner's, and again: half as many partners each time.
  if (auto sum = dyn_cast<gpu::SubgroupReduceOp>(op))
    work.flops = llvm::Log2_32(sum.getClusterSize().value_or(subgroupSize)) *
                 elements(sum.getType());
  if (isa<math::ExpOp, math::TanhOp>(op))
    work.flops = work.calls = elements(op->getResult(0).getType());
  work.flops *= shareOf(op, subgroupSize);
  work.calls *= shareOf(op, subgroupSize);
  if (isa<memref::AllocOp>(op))
    work.allocations = 1;
  if (auto load = dyn_cast<memref::LoadOp>(op);
      load && isGlobal(load.getMemRefType()))
    touch(work, load.getMemRef(), load.getIndices()).read =
        bytesOfElement(load.getMemRefType());
  if (auto store = dyn_cast<memref::StoreOp>(op);
      store && isGlobal(store.getMemRefType()))
    touch(work, store.getMemRef(), store.getIndices()).written =
        bytesOfElement(store.getMemRefType());
  if (auto load = dyn_cast<vector::LoadOp>(op);
      load && isGlobal(load.getMemRefType())) {
    Access &access = touch(work, load.getBase(), load.getIndices());
    access.read = access.footprint =
        bytesOfElement(load.getMemRefType()) * elements(load.getVectorType());
  }
  if (auto store = dyn_cast<vector::StoreOp>(op);
      store && isGlobal(store.getMemRefType())) {
    Access &access = touch(work, store.getBase(), store.getIndices());
    access.written = access.footprint =
        bytesOfElement(store.getMemRefType()) * elements(store.getVectorType());
  }
  if (auto copy = dyn_cast<memref::CopyOp>(op)) {
    Access &from = touch(work, copy.getSource(), {});
    from.read = from.footprint = bytesOf(copy.getSource());
    Access &to = touch(work, copy.getTarget(), {});
    to.written = to.footprint = bytesOf(copy.getTarget());
  }
  return work;
}

void collectMoves(Value value, DenseSet<Value> &moves) {
  SmallVector<Value> worklist{value};
  DenseSet<Value> seen;
  while (!worklist.empty()) {
    Value next = worklist.pop_back_val();
    if (!seen.insert(next).second)
      continue;
    if (Operation *op = next.getDefiningOp())
      op->walk([&](Operation *inner) { // what a loop yields follows from it all
        llvm::append_range(worklist, inner->getOperands());
      });
    else
      moves.insert(next);
    // A thread's iterations begin at a place of its own.
    if (auto argument = dyn_cast<BlockArgument>(next))
      if (auto loop = dyn_cast<scf::ForOp>(argument.getOwner()->getParentOp());
          loop && argument == loop.getInductionVar())
        worklist.push_back(loop.getLowerBound());
  }
}

} // namespace gpt2
