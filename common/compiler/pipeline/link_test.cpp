//===- link_test.cpp - Sources that fit, and those that do not ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/pipeline/link.h"
#include "support/files.h"
#include "testing/test_files.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/MLIRContext.h"

#include <gmock/gmock.h>

using namespace gpt2;
using namespace gpt2::testing;
using ::testing::HasSubstr;

namespace {

const char *skeleton = R"(func.func private @gelu(f32) -> f32
func.func @forward(%x: f32) -> f32 {
  %y = call @gelu(%x) : (f32) -> f32
  return %y : f32
}
)";
const char *gelu = R"(func.func private @gelu(%x: f32) -> f32 {
  return %x : f32
}
)";

/// Links two sources, a.mlir and b.mlir.
struct Link {
  mlir::MLIRContext context;
  TemporaryDirectory directory;
  mlir::OwningOpRef<mlir::ModuleOp> module;

  Link() {
    context.loadDialect<mlir::func::FuncDialect, mlir::arith::ArithDialect>();
  }
  void operator()(const char *a, const char *b) {
    writeFile(directory / "a.mlir", {a});
    writeFile(directory / "b.mlir", {b});
    module = link(context, {directory / "a.mlir", directory / "b.mlir"});
  }
  std::string error(const char *a, const char *b) {
    return errorOf([&] { (*this)(a, b); });
  }
};

TEST(Link, DeclarationsMeetDefinitionsInEitherOrder) {
  for (bool kernelFirst : {false, true}) {
    Link link;
    link(kernelFirst ? gelu : skeleton, kernelFirst ? skeleton : gelu);
    auto functions = link.module->getOps<mlir::func::FuncOp>();
    EXPECT_EQ(std::distance(functions.begin(), functions.end()), 2);
    for (mlir::func::FuncOp function : functions)
      EXPECT_FALSE(function.isDeclaration());
  }
}

TEST(Link, WhatIsCalledIsNoEntry) {
  Link link;
  link(skeleton, R"(
func.func @gelu(%x: f32) -> f32 {
  return %x : f32
})");
  for (mlir::func::FuncOp function : link.module->getOps<mlir::func::FuncOp>())
    EXPECT_EQ(function.isPrivate(), function.getName() == "gelu");
}

TEST(Link, SyntaxErrorsPointAtFileLineAndColumn) {
  std::string message = Link().error(skeleton, R"(
func.func private @gelu(%x: f32) -> f32 {
  %y = arith.addf %x, %z : f32
  return %y : f32
})");
  EXPECT_THAT(message, HasSubstr("b.mlir:3:23: error: use of undeclared SSA "
                                 "value name"));
  EXPECT_THAT(message, HasSubstr("%y = arith.addf %x, %z : f32\n"));
  EXPECT_THAT(message, HasSubstr("                      ^"));
}

TEST(Link, WhatDoesNotFit) {
  EXPECT_THAT(Link().error(skeleton, ""),
              HasSubstr("a.mlir:1:1: error: @gelu is declared here, and no "
                        "file of the chapter defines it"));
  EXPECT_THAT(Link().error(skeleton, R"(
func.func private @gelu(%x: f32) -> f32 {
  %y = call @erf(%x) : (f32) -> f32
  return %y : f32
})"),
              HasSubstr("b.mlir:3:8: error: 'func.call' op 'erf' does not "
                        "reference a valid function"));
  std::string twice = Link().error(gelu, gelu);
  EXPECT_THAT(twice, HasSubstr("b.mlir:1:1: error: @gelu is defined a second"));
  EXPECT_THAT(twice, HasSubstr("a.mlir:1:1: note: the first definition"));
  std::string mismatch = Link().error(
      skeleton, "func.func private @gelu(%x: f64) -> f64 { return %x : f64 }");
  EXPECT_THAT(mismatch, HasSubstr("b.mlir:1:1: error: @gelu is '(f64) -> f64' "
                                  "here"));
  EXPECT_THAT(mismatch, HasSubstr("a.mlir:1:1: note: and '(f32) -> f32' here"));
  mlir::MLIRContext context;
  EXPECT_THAT(errorOf([&] { link(context, {"/no/such.mlir"}); }),
              HasSubstr("/no/such.mlir: no such source"));
}

} // namespace
