//===- approximate_math_test.cpp - What polynomials are worth -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/codegen/loaded_archive.h"
#include "compiler/compile.h"
#include "compiler/pipeline/pipelines.h"
#include "support/files.h"

#include "mlir/Dialect/Linalg/Passes.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>

using namespace gpt2;

namespace {

/// `function` of math's, of each element.
LoadedArchive programOf(const std::string &function) {
  std::filesystem::path file =
      std::filesystem::path(::testing::TempDir()) / (function + ".mlir");
  writeFile(file, {R"mlir(
    func.func @apply(%x: memref<?xf32>, %y: memref<?xf32>)
        attributes {llvm.emit_c_interface} {
      linalg.generic {indexing_maps = [affine_map<(i) -> (i)>,
                                       affine_map<(i) -> (i)>],
                      iterator_types = ["parallel"]}
          ins(%x : memref<?xf32>) outs(%y : memref<?xf32>) {
      ^bb0(%a: f32, %b: f32):
        %c = math.)mlir" +
                   function +
                   R"mlir( %a : f32
        linalg.yield %c : f32
      }
      return
    })mlir"});
  CompileRequest request;
  request.sources = {file};
  request.stages = {Stage::named("approximated",
                                 [](mlir::OpPassManager &pm) {
                                   pm.addPass(createApproximateMath());
                                   pm.addPass(
                                       mlir::createConvertLinalgToLoopsPass());
                                 }),
                    llvmDialectStage()};
  return LoadedArchive(compileToObject(request).bytes);
}

/// About a million floats of all that there are: every 4099th in the order of
/// their bits, but for those that are no numbers.
std::vector<float> someOfAllFloats() {
  std::vector<float> floats;
  for (uint64_t bits = 0; bits < (uint64_t{1} << 32); bits += 4099)
    if (auto x = std::bit_cast<float>(static_cast<uint32_t>(bits));
        !std::isnan(x))
      floats.push_back(x);
  floats.insert(floats.end(), {0.0f, -0.0f, INFINITY, -INFINITY});
  return floats;
}

std::vector<float> applied(const LoadedArchive &program, std::vector<float> x) {
  std::vector<float> y(x.size(), NAN);
  auto count = static_cast<int64_t>(x.size());
  std::vector<int64_t> shape{count};
  std::vector<MemRef> arguments{{x.data(), shape}, {y.data(), shape}};
  program.call("apply", arguments);
  return y;
}

TEST(ApproximateMath, TanhIsNear) {
  std::vector<float> x = someOfAllFloats();
  std::vector<float> y = applied(programOf("tanh"), x);
  double largest = 0, relative = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    double expected = std::tanh(static_cast<double>(x[i]));
    double error = std::abs(y[i] - expected);
    ASSERT_FALSE(std::isnan(y[i])) << x[i];
    largest = std::max(largest, error);
    if (std::abs(expected) > 1e-37) // above where floats lose digits
      relative = std::max(relative, error / std::abs(expected));
  }
  EXPECT_LT(largest, 4e-7);
  EXPECT_LT(relative, 1e-6);
}

// What softmax asks for is at most 1.
TEST(ApproximateMath, ExpIsNear) {
  std::vector<float> x = someOfAllFloats();
  std::vector<float> y = applied(programOf("exp"), x);
  double largest = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    double expected = std::exp(static_cast<double>(x[i]));
    if (expected > 3.4028235e38) { // no float is so large
      EXPECT_EQ(y[i], INFINITY) << x[i];
    } else if (expected < 1.2e-38) { // nor so small, but for subnormal ones
      EXPECT_LT(y[i], 1.3e-38f) << x[i];
      EXPECT_GE(y[i], 0.0f) << x[i];
    } else {
      largest = std::max(largest, std::abs(y[i] - expected) / expected);
    }
  }
  EXPECT_LT(largest, 1e-6);
}

} // namespace
