//===- tap_test.cpp - Which calls of a skeleton can be looked at --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/inspect/tap.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Parser/Parser.h"

#include <gtest/gtest.h>

using namespace gpt2;

namespace {

// Kernels are of other files than the skeleton, and return rows for tokens.
TEST(Tap, PassesOverCallsThatReturnNoRows) {
  mlir::MLIRContext context;
  context.loadDialect<mlir::func::FuncDialect, mlir::tensor::TensorDialect>();
  auto module = mlir::parseSourceString<mlir::ModuleOp>(R"mlir(
    #skeleton = loc("skeleton.mlir":7:3)
    #kernels = loc("kernels.mlir":1:1)
    func.func private @note(tensor<?x8xf32>) loc(#kernels)
    func.func private @pair(tensor<?x8xf32>)
        -> (tensor<?x8xf32>, tensor<?x8xf32>) loc(#kernels)
    func.func private @norm(tensor<?x8xf32>) -> tensor<?xf32> loc(#kernels)
    func.func private @gelu(tensor<?x8xf32>) -> tensor<?x8xf32> loc(#kernels)
    func.func @forward(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
      call @note(%x) : (tensor<?x8xf32>) -> () loc(#skeleton)
      %a:2 = call @pair(%x)
          : (tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>)
          loc(#skeleton)
      %n = call @norm(%x) : (tensor<?x8xf32>) -> tensor<?xf32> loc(#skeleton)
      %g = call @gelu(%a#0) : (tensor<?x8xf32>) -> tensor<?x8xf32>
          loc(#skeleton)
      return %g : tensor<?x8xf32>
    } loc(#skeleton)
  )mlir",
                                                        &context);
  ASSERT_TRUE(module);
  std::vector<KernelCall> calls = kernelCalls(*module);
  ASSERT_EQ(calls.size(), 1u);
  EXPECT_EQ(calls[0].kernel, "gelu");
}

} // namespace
