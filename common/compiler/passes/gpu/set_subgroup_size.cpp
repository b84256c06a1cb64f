//===- set_subgroup_size.cpp - How many lanes exchange values -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/passes/passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"

using namespace mlir;

namespace gpt2 {

#define GEN_PASS_DEF_SETSUBGROUPSIZE
#include "compiler/passes/Passes.h.inc"

namespace {

struct SetSubgroupSize : impl::SetSubgroupSizeBase<SetSubgroupSize> {
  using Base::Base;

  void runOnOperation() final {
    getOperation()->walk([&](gpu::SubgroupSizeOp size) {
      OpBuilder builder(size);
      Value constant =
          arith::ConstantIndexOp::create(builder, size.getLoc(), lanes);
      size.replaceAllUsesWith(constant);
      size.erase();
    });
  }
};

} // namespace
} // namespace gpt2
