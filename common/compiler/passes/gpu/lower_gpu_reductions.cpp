//===- lower_gpu_reductions.cpp - Reductions become shuffles ------------===//
//
// gpu.subgroup_reduce as exchanges between lanes (upstream's patterns, which
// upstream runs in test passes only). The subgroup's size is the target's: 32
// lanes on NVIDIA and RDNA, 64 on CDNA.
//
// Not gpu.all_reduce: upstream's lowering lets several lanes write the same
// result to one place of shared memory. That is harmless, but it is a race, and
// the emulator says so.
//
//===----------------------------------------------------------------------===//
#include "compiler/passes/passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/GPU/Transforms/Passes.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;

namespace gpt2 {
namespace {

/// What a shuffle exchanges at once: a register.
constexpr unsigned shuffleBits = 32;

struct LowerGpuReductions : PassWrapper<LowerGpuReductions, OperationPass<>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(LowerGpuReductions)

  explicit LowerGpuReductions(unsigned size = 32) { subgroupSize = size; }
  LowerGpuReductions(const LowerGpuReductions &other) : PassWrapper(other) {
    subgroupSize = other.subgroupSize;
  }

  StringRef getName() const final { return "LowerGpuReductions"; }
  StringRef getArgument() const final { return "lower-gpu-reductions"; }
  StringRef getDescription() const final {
    return "Reduce over subgroups by shuffles";
  }
  void getDependentDialects(DialectRegistry &registry) const final {
    registry
        .insert<arith::ArithDialect, gpu::GPUDialect, vector::VectorDialect>();
  }

  void runOnOperation() final {
    RewritePatternSet patterns(&getContext());
    populateGpuBreakDownSubgroupReducePatterns(patterns, shuffleBits,
                                               PatternBenefit(3));
    populateGpuLowerSubgroupReduceToShufflePatterns(
        patterns, subgroupSize, shuffleBits, PatternBenefit(2));
    populateGpuLowerClusteredSubgroupReduceToShufflePatterns(
        patterns, subgroupSize, shuffleBits, PatternBenefit(2));
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      return signalPassFailure();
    // The size of a block is a constant if it is known: AMD's conversion would
    // call ROCm's device library for it.
    getOperation()->walk([](gpu::BlockDimOp size) {
      auto kernel = size->getParentOfType<gpu::GPUFuncOp>();
      if (!kernel || !kernel.getKnownBlockSize())
        return;
      OpBuilder builder(size);
      auto dimension = static_cast<unsigned>(size.getDimension());
      int64_t known = (*kernel.getKnownBlockSize())[dimension];
      Value constant =
          arith::ConstantIndexOp::create(builder, size.getLoc(), known);
      size.replaceAllUsesWith(constant);
      size.erase();
    });
  }

private:
  Option<unsigned> subgroupSize{*this, "subgroup-size",
                                llvm::cl::desc("Lanes that exchange values"),
                                llvm::cl::init(32)};
};

} // namespace

std::unique_ptr<Pass> createLowerGpuReductions(unsigned subgroupSize) {
  return std::make_unique<LowerGpuReductions>(subgroupSize);
}

} // namespace gpt2
