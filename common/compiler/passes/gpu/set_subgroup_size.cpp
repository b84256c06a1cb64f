//===- set_subgroup_size.cpp - How many lanes exchange values -----------===//
//
// gpu.subgroup_size becomes the target's number, in kernels and where they are
// launched: 32 on NVIDIA and RDNA, 64 on CDNA.
//
//===----------------------------------------------------------------------===//
#include "compiler/passes/passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"

using namespace mlir;

namespace gpt2 {
namespace {

struct SetSubgroupSize : PassWrapper<SetSubgroupSize, OperationPass<>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(SetSubgroupSize)

  explicit SetSubgroupSize(unsigned size = 32) { lanes = size; }
  SetSubgroupSize(const SetSubgroupSize &other) : PassWrapper(other) {
    lanes = other.lanes;
  }

  StringRef getName() const final { return "SetSubgroupSize"; }
  StringRef getArgument() const final { return "set-subgroup-size"; }
  StringRef getDescription() const final {
    return "Put the target's number of lanes in gpu.subgroup_size's place";
  }
  void getDependentDialects(DialectRegistry &registry) const final {
    registry.insert<arith::ArithDialect>();
  }

  void runOnOperation() final {
    getOperation()->walk([&](gpu::SubgroupSizeOp size) {
      OpBuilder builder(size);
      Value constant =
          arith::ConstantIndexOp::create(builder, size.getLoc(), lanes);
      size.replaceAllUsesWith(constant);
      size.erase();
    });
  }

private:
  Option<unsigned> lanes{*this, "lanes",
                         llvm::cl::desc("Lanes that exchange values"),
                         llvm::cl::init(32)};
};

} // namespace

std::unique_ptr<Pass> createSetSubgroupSize(unsigned lanes) {
  return std::make_unique<SetSubgroupSize>(lanes);
}

} // namespace gpt2
