//===- passes_test.cpp - Our passes, one by one -------------------------===//
#include "compiler/passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/InitAllDialects.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"

#include <gmock/gmock.h>

using namespace gpt2;
using ::testing::HasSubstr;
using ::testing::Not;

namespace {

/// The module after `pipeline`, or what went wrong.
std::string run(const char *text, const char *pipeline) {
  static const bool registered = [] {
    registerPasses();
    return true;
  }();
  (void)registered;
  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  mlir::MLIRContext context(registry);
  std::string errors, printed;
  mlir::ScopedDiagnosticHandler handler(&context, [&](mlir::Diagnostic &d) {
    errors += d.str();
    return mlir::success();
  });
  auto module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
  mlir::PassManager pm(&context);
  llvm::raw_string_ostream errorStream(errors);
  if (!module || failed(mlir::parsePassPipeline(pipeline, pm, errorStream)) ||
      failed(pm.run(*module)))
    return "failed: " + errors;
  llvm::raw_string_ostream stream(printed);
  module->print(stream);
  return printed;
}

// The carried value is used twice, which is what upstream's pattern refuses.
const char *loop = R"(
  func.func @sum(%x: tensor<?x?xf32> {gpt2.shape = "L x 2C"},
                 %n: index {gpt2.size = "N"}) -> tensor<?x?xf32> {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %L = tensor.dim %x, %c0 : tensor<?x?xf32>
    %y = scf.for %i = %c0 to %n step %c1 iter_args(%a = %x) -> tensor<?x?xf32> {
      %v = tensor.extract %a[%c0, %i] : tensor<?x?xf32>
      %b = tensor.insert %v into %a[%L, %c1] : tensor<?x?xf32>
      scf.yield %b : tensor<?x?xf32>
    }
    return %y : tensor<?x?xf32>
  })";

TEST(SpecializeShapes, LeavesNoQuestionMark) {
  std::string text = run(loop, "specialize-shapes{sizes=L=3,C=5,N=7}");
  EXPECT_THAT(text, Not(HasSubstr("?")));
  EXPECT_THAT(text, HasSubstr("@sum(%arg0: tensor<3x10xf32>) -> "
                              "tensor<3x10xf32>"));
  EXPECT_THAT(text, HasSubstr("to %c7"));
  EXPECT_THAT(text, Not(HasSubstr("tensor.cast")));
  EXPECT_THAT(text, Not(HasSubstr("tensor.dim")));
}

TEST(SpecializeShapes, LeavesUnknownSizesOpen) {
  std::string text = run(loop, "specialize-shapes{sizes=C=5,N=7}");
  EXPECT_THAT(text, HasSubstr("tensor<?x10xf32>"));
  EXPECT_THAT(text, Not(HasSubstr("tensor<?x?xf32>")));
}

TEST(SpecializeShapes, Refuses) {
  EXPECT_THAT(run(loop, "specialize-shapes{sizes=L=3,C=5}"),
              HasSubstr("needs the size \"N\""));
  EXPECT_THAT(run(loop, "specialize-shapes{sizes=C}"),
              HasSubstr("\"C\" is not a size"));
  EXPECT_THAT(run(loop, "specialize-shapes{sizes=C=-5}"),
              HasSubstr("\"C=-5\" is not a size"));
  EXPECT_THAT(run(R"(func.func @f(%x: tensor<?xf32> {gpt2.shape = "L x C"}) {
                       return
                     })",
                  "specialize-shapes{sizes=C=5}"),
              HasSubstr("names 2 sizes"));
}

TEST(DropReturnedArguments, KeepsWhatIsNotAnArgument) {
  std::string text = run(R"(
    func.func @update(%a: memref<4xf32>, %i: index)
        -> (memref<4xf32>, memref<4xf32>) {
      %new = memref.alloc() : memref<4xf32>
      return %a, %new : memref<4xf32>, memref<4xf32>
    })",
                         "func.func(drop-returned-arguments)");
  EXPECT_THAT(text, HasSubstr("-> memref<4xf32> {"));
  EXPECT_THAT(text, HasSubstr("return %alloc : memref<4xf32>"));
}

} // namespace
