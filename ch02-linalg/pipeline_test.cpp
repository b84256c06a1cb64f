//===- pipeline_test.cpp - What chapter 2's page says of its program ----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "declaration.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

#include "compiler/pipeline/session.h"

#include <gmock/gmock.h>

using namespace gpt2;
using namespace mlir;

namespace {

/// The program after the first `count` stages.
struct Stages {
  CompileRequest request = compileRequest({ch02_linalg::chapter(), Config()});
  Session session{request};

  explicit Stages(size_t count) {
    session.run({request.stages.begin(), request.stages.begin() + count});
  }

  template <typename Op> int64_t number() {
    int64_t count = 0;
    session.module().walk([&](Op) { ++count; });
    return count;
  }
};

TEST(Pipeline, KernelsHaveNoLoops) {
  Stages source(0);
  for (auto function : source.session.module().getOps<func::FuncOp>()) {
    if (function.getName() == "forward")
      continue;
    function.walk([&](scf::ForOp) {
      ADD_FAILURE() << "a loop in @" << function.getName().str();
    });
  }
  // They are said in these.
  EXPECT_EQ(source.number<linalg::MatmulOp>(), 1);
  EXPECT_EQ(source.number<linalg::BatchMatmulOp>(), 1);
  EXPECT_EQ(source.number<linalg::MatvecOp>(), 1);
  EXPECT_EQ(source.number<linalg::TransposeOp>(), 2);
  EXPECT_EQ(source.number<linalg::BroadcastOp>(), 1);
  EXPECT_EQ(source.number<linalg::ReduceOp>(), 3);
}

TEST(Pipeline, InnermostLoopsWalkAlongRows) {
  Stages ordered(2);
  int64_t products = 0;
  ordered.session.module().walk([&](linalg::GenericOp op) {
    if (!linalg::isaContractionOpInterface(op) || op.getNumLoops() < 3)
      return;
    ++products;
    unsigned innermost = op.getNumLoops() - 1;
    for (AffineMap map : op.getIndexingMapsArray())
      EXPECT_FALSE(
          map.dropResult(map.getNumResults() - 1).isFunctionOfDim(innermost));
    EXPECT_EQ(op.getIteratorTypesArray()[innermost],
              utils::IteratorType::parallel);
  });
  EXPECT_EQ(products, 6); // four linear layers, scores, weighted values
}

TEST(Pipeline, NothingIsCopied) {
  Stages loops(4);
  EXPECT_EQ(loops.number<memref::CopyOp>(), 0);
  EXPECT_EQ(loops.number<linalg::LinalgOp>(), 0);
  EXPECT_EQ(loops.number<memref::AllocOp>(), loops.number<memref::DeallocOp>());
}

} // namespace
