//===- builder_test.cpp - The builder says what the text says -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "builder/bias_gelu.h"
#include "support/paths.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"

#include <gtest/gtest.h>

using namespace mlir;

namespace {

std::string print(func::FuncOp function) {
  std::string text;
  llvm::raw_string_ostream(text) << function;
  return text;
}

TEST(Builder, PrintsWhatTheTextParsesTo) {
  MLIRContext context;
  context.loadDialect<arith::ArithDialect, func::FuncDialect,
                      linalg::LinalgDialect, math::MathDialect,
                      tensor::TensorDialect>();
  auto parsed = parseSourceFile<ModuleOp>(
      (gpt2::paths::source() / "ch02-linalg/builder/bias_gelu.mlir").string(),
      ParserConfig(&context));
  ASSERT_TRUE(parsed);
  OwningOpRef<ModuleOp> built = ModuleOp::create(UnknownLoc::get(&context));
  func::FuncOp function = gpt2::ch02_linalg::buildBiasGelu(*built);
  ASSERT_TRUE(succeeded(verify(*built)));
  EXPECT_EQ(print(function), print(*parsed->getOps<func::FuncOp>().begin()));
}

} // namespace
