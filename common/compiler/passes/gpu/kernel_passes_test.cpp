//===- kernel_passes_test.cpp - Passes that change kernels --------------===//
#include "testing/run_pipeline.h"

#include <gmock/gmock.h>

using gpt2::testing::runPipeline;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

namespace {

/// Kernel b[i] = 2 x[i], `between`, and y[i] = y[i] - b[i]; then `behind`.
std::string withEpilogue(const std::string &between = "",
                         const std::string &behind = "",
                         const std::string &source = "%x") {
  return R"mlir(
#id = affine_map<(i) -> (i)>
func.func @f(%x: memref<8xf32>, %y: memref<8xf32>) {
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %b = memref.alloc() : memref<8xf32>
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
      threads(%i, %ty, %tz) in (%sx = %c8, %sy = %c1, %sz = %c1) {
    %v = memref.load )mlir" +
         source + R"mlir([%i] : memref<8xf32>
    %w = arith.addf %v, %v : f32
    memref.store %w, %b[%i] : memref<8xf32>
    gpu.terminator
  }
)mlir" + between +
         R"mlir(
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%b : memref<8xf32>) outs(%y : memref<8xf32>) {
  ^bb0(%new: f32, %old: f32):
    %d = arith.subf %old, %new : f32
    linalg.yield %d : f32
  }
)mlir" + behind +
         R"mlir(
  return
})mlir";
}

const char *fuseEpilogues = "func.func(fuse-epilogues)";

TEST(FuseEpilogues, TheThreadThatHasAnElementGoesOn) {
  std::string text = runPipeline(withEpilogue(), fuseEpilogues);
  EXPECT_THAT(text, Not(HasSubstr("linalg.generic")));
  EXPECT_THAT(text, Not(HasSubstr("memref.alloc")));
  EXPECT_THAT(text, HasSubstr("%1 = arith.addf %0, %0 : f32\n"
                              "      %2 = memref.load %arg1[%arg5]"));
  EXPECT_THAT(text, HasSubstr("%3 = arith.subf %2, %1 : f32\n"
                              "      memref.store %3, %arg1[%arg5]"));
}

TEST(FuseEpilogues, WhatItNeedsIsMadeBefore) {
  std::string text =
      runPipeline(withEpilogue("%c2 = arith.constant 2 : index\n"
                               "%other = memref.alloc() : memref<8xf32>\n"),
                  fuseEpilogues);
  EXPECT_THAT(text, Not(HasSubstr("linalg.generic")));
  EXPECT_LT(text.find("memref.alloc"), text.find("gpu.launch"));
}

TEST(FuseEpilogues, LeavesWhatMayNotMove) {
  auto isLeft = [](const std::string &text) {
    std::string result = runPipeline(text, fuseEpilogues);
    EXPECT_THAT(result, Not(StartsWith("failed")));
    return result.find("linalg.generic") != std::string::npos;
  };
  // The result is used again.
  EXPECT_TRUE(isLeft(withEpilogue("", R"mlir(
      %again = memref.load %b[%c1] : memref<8xf32>
      memref.store %again, %x[%c1] : memref<8xf32>)mlir")));
  // Memory is written in between.
  EXPECT_TRUE(isLeft(withEpilogue(R"mlir(
      %one = arith.constant 1.0 : f32
      memref.store %one, %y[%c1] : memref<8xf32>)mlir")));
  // The kernel reads what would be written while it runs.
  EXPECT_TRUE(isLeft(withEpilogue("", "", "%y")));
  // Rows are exchanged on the way.
  std::string reversed = withEpilogue();
  reversed.replace(reversed.find("[#id, #id]"), 10,
                   "[affine_map<(i) -> (7 - i)>, #id]");
  EXPECT_TRUE(isLeft(reversed));
  // The result is a sum of its inputs: no elementwise operation.
  std::string sum = withEpilogue();
  sum.replace(sum.find("\"parallel\""), 10, "\"reduction\"");
  EXPECT_TRUE(isLeft(sum));
}

TEST(UnrollMarkedLoops, WritesOutTheirTurnsOnly) {
  std::string text = runPipeline(R"mlir(
func.func @f(%m: memref<8xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %v = arith.constant 1.0 : f32
  scf.for %i = %c0 to %c3 step %c1 {
    scf.for %j = %c0 to %c3 step %c1 {
      %k = arith.addi %i, %j : index
      memref.store %v, %m[%k] : memref<8xf32>
    } {gpt2.unroll}
  }
  return
})mlir",
                                 "unroll-marked-loops,canonicalize");
  EXPECT_EQ(text.find("scf.for"), text.rfind("scf.for"));
  size_t stores = 0;
  for (size_t at = 0; (at = text.find("memref.store", at + 1)) != text.npos;)
    ++stores;
  EXPECT_EQ(stores, 3u);
  EXPECT_THAT(text, Not(HasSubstr("gpt2.unroll")));
}

TEST(UnrollMarkedLoops, NeedsToKnowHowOften) {
  EXPECT_THAT(runPipeline(R"mlir(
func.func @f(%n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %n step %c1 {
  } {gpt2.unroll}
  return
})mlir",
                          "unroll-marked-loops"),
              HasSubstr("a number of turns that is known"));
}

/// What becomes of a vector's way to and from a view of %w, of `type`.
std::string viewing(const std::string &view, const std::string &type,
                    const std::string &vector = "vector<8xbf16>") {
  std::string types = " : " + type + ", " + vector + "\n";
  return runPipeline(
      "func.func @f(%w: memref<4x6x64xbf16>, %i: index, %j: index, %v: " +
          vector + ") -> " + vector + " {\n%view = memref." + view + type +
          "\nvector.store %v, %view[%i, %j] {alignment = 16 : i64, "
          "nontemporal = true}" +
          types + "%u = vector.load %view[%j, %i] {alignment = 16 : i64}" +
          types + "return %u : " + vector + "\n}",
      "func.func(fold-vector-accesses)");
}

TEST(FoldVectorAccesses, KeepsAlignment) {
  std::string text = viewing("subview %w[%i, 0, 0] [1, 6, 64] [1, 1, 1]"
                             " : memref<4x6x64xbf16> to ",
                             "memref<6x64xbf16, strided<[64, 1], offset: ?>>");
  EXPECT_THAT(text, HasSubstr("vector.store %arg3, %arg0[%arg1, %arg1, %arg2] "
                              "{alignment = 16 : i64, nontemporal = true}"));
  EXPECT_THAT(text, HasSubstr("vector.load %arg0[%arg1, %arg2, %arg1] "
                              "{alignment = 16 : i64}"));
}

TEST(FoldVectorAccesses, GoesThroughOtherShapesOfTheSame) {
  std::string text = viewing("collapse_shape %w [[0, 1], [2]]"
                             " : memref<4x6x64xbf16> into ",
                             "memref<24x64xbf16>");
  EXPECT_THAT(text, HasSubstr("affine.delinearize_index %arg2 into (4, 6)"));
  EXPECT_THAT(text, ContainsRegex("vector.load %arg0\\[%.*#0, %.*#1, %arg1\\] "
                                  "\\{alignment = 16"));
  text = runPipeline(R"mlir(
func.func @f(%w: memref<4x64xf32>, %i: index, %j: index) -> vector<8xf32> {
  %view = memref.expand_shape %w [[0], [1, 2]] output_shape [4, 2, 32]
      : memref<4x64xf32> into memref<4x2x32xf32>
  %v = vector.load %view[%i, %i, %j] {alignment = 32 : i64}
      : memref<4x2x32xf32>, vector<8xf32>
  return %v : vector<8xf32>
})mlir",
                     "func.func(fold-vector-accesses)");
  EXPECT_THAT(text, HasSubstr("affine.linearize_index disjoint [%arg1, %arg2] "
                              "by (2, 32)"));
  EXPECT_THAT(text, ContainsRegex("vector.load %arg0\\[%arg1, %.*\\] "
                                  "\\{alignment = 32"));
}

// A tile's rows in the view are no neighbours in its memory.
TEST(FoldVectorAccesses, LeavesTilesThatLieElsewhere) {
  const char *tile = "vector<2x8xbf16>";
  EXPECT_THAT(viewing("subview %w[0, %i, 0] [4, 1, 64] [1, 1, 1]"
                      " : memref<4x6x64xbf16> to ",
                      "memref<4x64xbf16, strided<[384, 1], offset: ?>>", tile),
              HasSubstr("vector.load %subview"));
  EXPECT_THAT(viewing("subview %w[0, 0, 0] [1, 3, 64] [1, 2, 1]"
                      " : memref<4x6x64xbf16> to ",
                      "memref<3x64xbf16, strided<[128, 1]>>", tile),
              HasSubstr("vector.load %subview"));
  EXPECT_THAT(viewing("collapse_shape %w [[0, 1], [2]]"
                      " : memref<4x6x64xbf16> into ",
                      "memref<24x64xbf16>", tile),
              HasSubstr("vector.load %collapse_shape"));
}

/// A matrix and what reads it.
std::string reading(const std::string &body) {
  return R"mlir(
func.func @f(%w: tensor<2x3x4xf32> {gpt2.matrix}, %b: tensor<4xf32>,
             %i: index) -> f32 {
  %slice = tensor.extract_slice %w[%i, 0, 0] [1, 3, 4] [1, 1, 1]
      : tensor<2x3x4xf32> to tensor<3x4xf32>
)mlir" + body +
         "\n}";
}

TEST(NarrowElements, ExtendsWhatIsRead) {
  std::string text = runPipeline(reading(R"mlir(
  %memory = bufferization.to_buffer %slice read_only
      : tensor<3x4xf32> to memref<3x4xf32>
  %v = vector.load %memory[%i, %i] : memref<3x4xf32>, vector<4xf32>
  %a = vector.extract %v[1] : f32 from vector<4xf32>
  %e = tensor.extract %slice[%i, %i] : tensor<3x4xf32>
  %bias = tensor.extract %b[%i] : tensor<4xf32>
  %ab = arith.addf %a, %bias : f32
  %abe = arith.addf %ab, %e : f32
  return %abe : f32)mlir"),
                                 "narrow-elements");
  EXPECT_THAT(text, HasSubstr("@f(%arg0: tensor<2x3x4xbf16> {gpt2.matrix}, "
                              "%arg1: tensor<4xf32>, %arg2: index) -> f32"));
  EXPECT_THAT(text, HasSubstr("tensor.extract %extracted_slice"));
  EXPECT_THAT(text, HasSubstr("arith.extf %extracted : bf16 to f32"));
  EXPECT_THAT(text, HasSubstr(": vector<4xbf16> to vector<4xf32>"));
  EXPECT_THAT(text, HasSubstr("memref.global constant @gpt2_weight_bits : "
                              "memref<i32> = dense<16>"));
}

TEST(NarrowElements, ReadsWithinLinalg) {
  std::string text = runPipeline(reading(R"mlir(
  %empty = tensor.empty() : tensor<3x4xf32>
  %twice = linalg.generic {
      indexing_maps = [affine_map<(i, j) -> (i, j)>,
                       affine_map<(i, j) -> (i, j)>],
      iterator_types = ["parallel", "parallel"]}
      ins(%slice : tensor<3x4xf32>) outs(%empty : tensor<3x4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %s = arith.addf %in, %in : f32
    linalg.yield %s : f32
  } -> tensor<3x4xf32>
  %e = tensor.extract %twice[%i, %i] : tensor<3x4xf32>
  return %e : f32)mlir"),
                                 "narrow-elements");
  EXPECT_THAT(text, HasSubstr("^bb0(%in: bf16, %out: f32):\n"
                              "      %2 = arith.extf %in : bf16 to f32\n"
                              "      %3 = arith.addf %2, %2 : f32"));
}

TEST(NarrowElements, SaysWhatItCannotRead) {
  EXPECT_THAT(runPipeline(reading(R"mlir(
  %zero = arith.constant 0.0 : f32
  %copy = tensor.insert %zero into %slice[%i, %i] : tensor<3x4xf32>
  %e = tensor.extract %copy[%i, %i] : tensor<3x4xf32>
  return %e : f32)mlir"),
                          "narrow-elements"),
              HasSubstr("knows no way to read or write bf16 here"));
}

} // namespace
