//===- format_passes_test.cpp - The passes for narrow weights, alone ----===//
#include "testing/run_pipeline.h"

#include <gmock/gmock.h>

using namespace gpt2::testing;
using ::testing::HasSubstr;
using ::testing::Not;

namespace {

/// A layer's matrix of ELEMENT, multiplied by rows, and an element of it.
std::string product(const std::string &element) {
  std::string text = R"mlir(
  func.func @f(%w: tensor<2x16x24xELEMENT> {gpt2.matrix}, %l: index,
               %x: tensor<?x16xf32>, %y: tensor<?x24xf32>)
      -> tensor<?x24xf32> {
    %m = tensor.extract_slice %w[%l, 0, 0] [1, 16, 24] [1, 1, 1]
        : tensor<2x16x24xELEMENT> to tensor<16x24xELEMENT>
    %r = linalg.generic {
        indexing_maps = [affine_map<(t, n, k) -> (t, k)>,
                         affine_map<(t, n, k) -> (k, n)>,
                         affine_map<(t, n, k) -> (t, n)>],
        iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%x, %m : tensor<?x16xf32>, tensor<16x24xELEMENT>)
        outs(%y : tensor<?x24xf32>) attrs = {gpt2.op = "linear", gpt2.result} {
    ^bb0(%a: f32, %b: ELEMENT, %c: f32):
      EXTEND
      %p = arith.mulf %a, %e : f32
      %s = arith.addf %c, %p : f32
      linalg.yield %s : f32
    } -> tensor<?x24xf32>
    return %r : tensor<?x24xf32>
  })mlir";
  auto replace = [&](const std::string &from, const std::string &to) {
    for (size_t at; (at = text.find(from)) != std::string::npos;)
      text.replace(at, from.size(), to);
  };
  replace("ELEMENT", element);
  replace("EXTEND", element == "f32" ? "%zero = arith.constant -0.0 : f32\n"
                                       "%e = arith.addf %b, %zero : f32"
                                     : "%e = arith.extf %b : bf16 to f32");
  return text;
}

TEST(RoundOperands, BothFactorsAreBf16) {
  std::string text = runPipeline(product("bf16"), "round-operands");
  EXPECT_THAT(text, HasSubstr("gpt2.op = \"rounded\", gpt2.result"));
  EXPECT_THAT(text, HasSubstr("tensor<?x16xbf16>, tensor<16x24xbf16>)"));
  EXPECT_THAT(text, HasSubstr("^bb0(%in: bf16, %in_0: bf16, %out: f32)"));
  // Sixteen terms are no multiple of three.
  EXPECT_THAT(runPipeline(product("bf16"), "round-operands{depth=3}"),
              Not(HasSubstr("rounded")));
  EXPECT_THAT(runPipeline(product("f32"), "round-operands"),
              Not(HasSubstr("rounded")));
}

TEST(QuantizeMatrices, AColumnHasAScale) {
  std::string text = runPipeline(product("f32"), "quantize-matrices");
  EXPECT_THAT(text, HasSubstr("%arg0: tensor<2x16x24xi8> {gpt2.matrix}"));
  EXPECT_THAT(text, HasSubstr("%arg4: tensor<2x24xf32> {gpt2.scales = "
                              "array<i64: 0, 2>}"));
  EXPECT_THAT(text, HasSubstr("tensor.extract_slice %arg4[%arg1, 0] [1, 24]"));
  EXPECT_THAT(text, HasSubstr("arith.sitofp"));
  EXPECT_THAT(text, HasSubstr("gpt2.op = \"scaled\", gpt2.result"));
  EXPECT_THAT(text, Not(HasSubstr("gpt2.sums")));
}

TEST(QuantizeMatrices, RowsToo) {
  std::string text = runPipeline(product("f32"), "quantize-matrices{depth=4}");
  EXPECT_THAT(text, HasSubstr("%arg5: tensor<2x24xi32> {gpt2.sums = "
                              "array<i64: 0, 2>}"));
  EXPECT_THAT(text, HasSubstr("gpt2.op = \"quantized\", gpt2.result"));
  EXPECT_THAT(text, HasSubstr("tensor<?x16xi8>, tensor<16x24xi8>)"));
  EXPECT_THAT(text, HasSubstr("arith.muli"));
}

TEST(DotProducts, OneInstructionForALaneOfColumns) {
  std::string tile = R"mlir(
    func.func @f(%x: vector<2x2xbf16>, %w: vector<16x2xbf16>,
                 %y: vector<2x16xf32>) -> vector<2x16xf32> {
      %t = vector.transpose %w, [1, 0] : vector<16x2xbf16> to vector<2x16xbf16>
      %a = arith.extf %x : vector<2x2xbf16> to vector<2x2xf32>
      %b = arith.extf %t : vector<2x16xbf16> to vector<2x16xf32>
      %r = vector.contract {
          indexing_maps = [affine_map<(m, n, k) -> (m, k)>,
                           affine_map<(m, n, k) -> (k, n)>,
                           affine_map<(m, n, k) -> (m, n)>],
          iterator_types = ["parallel", "parallel", "reduction"],
          kind = #vector.kind<add>} %a, %b, %y
          : vector<2x2xf32>, vector<2x16xf32> into vector<2x16xf32>
      return %r : vector<2x16xf32>
    })mlir";
  std::string text = runPipeline(tile, "dot-products");
  EXPECT_THAT(text, Not(HasSubstr("vector.contract")));
  EXPECT_THAT(text, HasSubstr("\"llvm.x86.avx512bf16.dpbf16ps.512\""));
  EXPECT_THAT(runPipeline(tile, "dot-products{lanes=8}"),
              HasSubstr("\"llvm.x86.avx512bf16.dpbf16ps.256\""));
  // Vectors of 32 lanes do not fit 16 columns.
  EXPECT_THAT(runPipeline(tile, "dot-products{lanes=32}"),
              HasSubstr("vector.contract"));
}

} // namespace
