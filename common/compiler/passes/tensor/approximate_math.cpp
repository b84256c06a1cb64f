//===- approximate_math.cpp - tanh and exp as polynomials ---------------===//
//
// A call of libm computes one tanh at a time. A polynomial, or a quotient of
// two, computes as many as a vector has elements. The patterns are upstream's
// (`MathPolynomialApproximation`); what they are worth is measured by
// approximate_math_test.cpp on floats of every magnitude.
//
//===----------------------------------------------------------------------===//
#include "compiler/passes/passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;

namespace gpt2 {
namespace {

struct ApproximateMath : PassWrapper<ApproximateMath, OperationPass<>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(ApproximateMath)

  StringRef getName() const final { return "ApproximateMath"; }
  StringRef getArgument() const final { return "approximate-math"; }
  StringRef getDescription() const final {
    return "Compute tanh and exp by polynomials instead of calls";
  }
  void getDependentDialects(DialectRegistry &registry) const final {
    registry.insert<arith::ArithDialect, math::MathDialect,
                    vector::VectorDialect>();
  }

  void runOnOperation() final {
    RewritePatternSet patterns(&getContext());
    populateMathPolynomialApproximationPatterns(patterns, [](StringRef name) {
      return name == math::TanhOp::getOperationName() ||
             name == math::ExpOp::getOperationName();
    });
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace

std::unique_ptr<Pass> createApproximateMath() {
  return std::make_unique<ApproximateMath>();
}

} // namespace gpt2
