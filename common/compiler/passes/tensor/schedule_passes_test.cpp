//===- schedule_passes_test.cpp - The passes of chapter 6, alone --------===//
#include "testing/run_pipeline.h"

#include <gmock/gmock.h>

using namespace gpt2::testing;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

namespace {

TEST(NameOperations, OperationsAreOfTheirKernel) {
  std::string text = runPipeline(R"mlir(
    func.func @linear(%x: tensor<?x4xf32>, %w: tensor<4x5xf32>,
                      %b: tensor<5xf32>, %y: tensor<?x5xf32>)
        -> tensor<?x5xf32> {
      %bias = linalg.broadcast ins(%b : tensor<5xf32>)
          outs(%y : tensor<?x5xf32>) dimensions = [0]
      %z = linalg.matmul {gpt2.op = "mine"}
          ins(%x, %w : tensor<?x4xf32>, tensor<4x5xf32>)
          outs(%bias : tensor<?x5xf32>) -> tensor<?x5xf32>
      %r = linalg.matmul ins(%x, %w : tensor<?x4xf32>, tensor<4x5xf32>)
          outs(%z : tensor<?x5xf32>) -> tensor<?x5xf32>
      return %r : tensor<?x5xf32>
    })mlir",
                                 "func.func(name-operations)");
  EXPECT_THAT(text, HasSubstr("{gpt2.op = \"linear.broadcast\"}"));
  EXPECT_THAT(text, HasSubstr("{gpt2.op = \"linear\", gpt2.result}"));
  EXPECT_THAT(text, HasSubstr("gpt2.op = \"mine\"")); // keeps its name
  EXPECT_THAT(text, Not(HasSubstr("linalg.matmul")));
}

TEST(ForwardTransfers, WhatWasWrittenIsNotRead) {
  std::string text = runPipeline(R"mlir(
    func.func @f(%m: memref<8xf32>, %v: vector<4xf32>, %i: index)
        -> (vector<4xf32>, vector<4xf32>) {
      %c0 = arith.constant 0 : index
      %c4 = arith.constant 4 : index
      %zero = arith.constant 0.0 : f32
      vector.transfer_write %v, %m[%c0] {in_bounds = [true]}
          : vector<4xf32>, memref<8xf32>
      %own = vector.transfer_read %m[%c0], %zero {in_bounds = [true]}
          : memref<8xf32>, vector<4xf32>
      vector.transfer_write %v, %m[%i] : vector<4xf32>, memref<8xf32>
      %other = vector.transfer_read %m[%c4], %zero {in_bounds = [true]}
          : memref<8xf32>, vector<4xf32>
      return %own, %other : vector<4xf32>, vector<4xf32>
    })mlir",
                                 "func.func(forward-transfers)");
  EXPECT_THAT(text, ContainsRegex("%[0-9]+ = vector.transfer_read %arg0.%c4"));
  EXPECT_THAT(text, Not(ContainsRegex("transfer_read %arg0.%c0")));
  EXPECT_THAT(text, ContainsRegex("return %arg1, %[0-9]+"));
}

TEST(PrefetchPanels, TheNextIsAskedForARowATurn) {
  // Panels of 6 rows of 32 f32, two lines each; read again by each turn of %i.
  std::string text = runPipeline(R"mlir(
    func.func @f(%w: memref<3x5x6x32xf32>, %b: memref<5x6x16xf32>, %l: index,
                 %panel: index, %n: index, %zero: vector<32xf32>,
                 %no: vector<16xf32>, %m: memref<5x6x64xf32>) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c6 = arith.constant 6 : index
      scf.for %i = %c0 to %n step %c1 {
        %s:2 = scf.for %k = %c0 to %c6 step %c1
            iter_args(%a = %zero, %d = %no) -> (vector<32xf32>, vector<16xf32>) {
          %row = vector.load %w[%l, %panel, %k, %c0]
              : memref<3x5x6x32xf32>, vector<32xf32>
          // A panel that %i changes is read once.
          %other = vector.load %b[%i, %k, %c0]
              : memref<5x6x16xf32>, vector<16xf32>
          // A quarter of a matrix's row, which is no panel's.
          %quarter = vector.load %m[%l, %k, %c0]
              : memref<5x6x64xf32>, vector<16xf32>
          %next = arith.addf %a, %row : vector<32xf32>
          %sum = arith.addf %d, %quarter : vector<16xf32>
          %more = arith.addf %sum, %other : vector<16xf32>
          scf.yield %next, %more : vector<32xf32>, vector<16xf32>
        }
      }
      return
    })mlir",
                                 "func.func(prefetch-panels)");
  EXPECT_THAT(text, HasSubstr("affine_map<()[s0] -> (s0 + 1, 4)>"));
  for (const char *line : {"%c0", "%c16"})
    EXPECT_THAT(text, ContainsRegex("memref.prefetch %arg0.%arg2, %[0-9]+, "
                                    "%arg[0-9]+, " +
                                    std::string(line) +
                                    "[_0-9]*., read, locality<2>"));
  EXPECT_THAT(text, Not(ContainsRegex("memref.prefetch %arg[17]")));
}

TEST(BlockRows, RowsComeInBlocks) {
  std::string text = runPipeline(R"mlir(
    func.func @f(%x: tensor<?x4xf32>, %w: tensor<4x5xf32>, %y: tensor<?x5xf32>)
        -> tensor<?x5xf32> {
      %r = linalg.generic {
          indexing_maps = [affine_map<(m, n, k) -> (k, n)>,
                           affine_map<(m, n, k) -> (m, k)>,
                           affine_map<(m, n, k) -> (m, n)>],
          iterator_types = ["parallel", "parallel", "reduction"]}
          ins(%w, %x : tensor<4x5xf32>, tensor<?x4xf32>)
          outs(%y : tensor<?x5xf32>) attrs = {gpt2.op = "linear"} {
      ^bb0(%a: f32, %b: f32, %c: f32):
        %p = arith.mulf %a, %b : f32
        %s = arith.addf %c, %p : f32
        linalg.yield %s : f32
      } -> tensor<?x5xf32>
      return %r : tensor<?x5xf32>
    })mlir",
                                 "func.func(block-rows{rows=8})");
  // Room for whole blocks, the rows that there are filled in.
  EXPECT_THAT(text, HasSubstr("s0 ceildiv 8) * 8"));
  EXPECT_THAT(text, HasSubstr("into tensor<?x8x4xf32>"));
  EXPECT_THAT(text, HasSubstr("outs(%expanded_"));
  EXPECT_THAT(text, HasSubstr("tensor<?x8x5xf32>) attrs =  {gpt2.blocked, "
                              "gpt2.op = \"linear\"}"));
  // The rows' element is the first factor.
  EXPECT_THAT(text, HasSubstr("arith.mulf %in_"));
  // What comes back are the first rows.
  EXPECT_THAT(text, HasSubstr("tensor.collapse_shape"));
  EXPECT_THAT(text, HasSubstr("return %extracted_slice : tensor<?x5xf32>"));
}

TEST(BlockRows, ALoopCarriesBlocks) {
  std::string text = runPipeline(R"mlir(
    func.func @f(%x: tensor<?x4xf32>, %n: index) -> tensor<?x4xf32> {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %r = scf.for %i = %c0 to %n step %c1 iter_args(%a = %x)
          -> (tensor<?x4xf32>) {
        %b = linalg.generic {
            indexing_maps = [affine_map<(m, n) -> (m, n)>],
            iterator_types = ["parallel", "parallel"]}
            outs(%a : tensor<?x4xf32>) {
        ^bb0(%c: f32):
          %d = arith.addf %c, %c : f32
          linalg.yield %d : f32
        } -> tensor<?x4xf32>
        scf.yield %b : tensor<?x4xf32>
      }
      return %r : tensor<?x4xf32>
    })mlir",
                                 "func.func(block-rows{rows=6}),canonicalize");
  EXPECT_THAT(text, HasSubstr("-> (tensor<?x6x4xf32>)"));
  EXPECT_THAT(text, HasSubstr("outs(%arg3 : tensor<?x6x4xf32>)"));
  EXPECT_THAT(text, ContainsRegex("scf.yield %[0-9]+ : tensor<\\?x6x4xf32>"));
}

TEST(BlockRows, LeavesRowsThatDependOnOthers) {
  // A sum over rows, and a gather.
  std::string text = runPipeline(R"mlir(
    func.func @f(%x: tensor<?x4xf32>, %t: tensor<4xf32>, %y: tensor<?x4xf32>)
        -> (tensor<4xf32>, tensor<?x4xf32>) {
      %r = linalg.generic {
          indexing_maps = [affine_map<(m, n) -> (m, n)>,
                           affine_map<(m, n) -> (n)>],
          iterator_types = ["reduction", "parallel"]}
          ins(%x : tensor<?x4xf32>) outs(%t : tensor<4xf32>) {
      ^bb0(%a: f32, %b: f32):
        %s = arith.addf %a, %b : f32
        linalg.yield %s : f32
      } -> tensor<4xf32>
      %g = linalg.generic {
          indexing_maps = [affine_map<(m, n) -> (m, n)>],
          iterator_types = ["parallel", "parallel"]}
          outs(%y : tensor<?x4xf32>) {
      ^bb0(%a: f32):
        %i = linalg.index 1 : index
        %e = tensor.extract %t[%i] : tensor<4xf32>
        linalg.yield %e : f32
      } -> tensor<?x4xf32>
      return %r, %g : tensor<4xf32>, tensor<?x4xf32>
    })mlir",
                                 "func.func(block-rows{rows=8})");
  EXPECT_THAT(text, Not(HasSubstr("tensor<?x8x4xf32>")));
}

TEST(ApproximateMath, NothingIsCalled) {
  std::string text = runPipeline(R"mlir(
    func.func @f(%x: vector<16xf32>) -> vector<16xf32> {
      %t = math.tanh %x : vector<16xf32>
      %e = math.exp %t : vector<16xf32>
      return %e : vector<16xf32>
    })mlir",
                                 "approximate-math");
  EXPECT_THAT(text, Not(HasSubstr("math.tanh")));
  EXPECT_THAT(text, Not(HasSubstr("math.exp ")));
}

TEST(ReuseBuffers, AThreadHasItsOwn) {
  std::string text = runPipeline(R"mlir(
    func.func @f(%x: memref<4x8xf32>) {
      %zero = arith.constant 0.0 : f32
      scf.forall (%i) in (4) {
        %a = memref.alloc() : memref<8xf32>
        linalg.fill ins(%zero : f32) outs(%a : memref<8xf32>)
        %row = memref.subview %x[%i, 0] [1, 8] [1, 1]
            : memref<4x8xf32> to memref<8xf32, strided<[1], offset: ?>>
        memref.copy %a, %row
            : memref<8xf32> to memref<8xf32, strided<[1], offset: ?>>
      }
      return
    })mlir",
                                 "reuse-buffers");
  EXPECT_THAT(text, Not(HasSubstr("memref.global")));
  EXPECT_THAT(text, HasSubstr("memref.alloca() {alignment = 64 : i64} : "
                              "memref<32xi8>"));
}

// The last part of 120 columns, in parts of 64, is larger than the context.
TEST(ReuseBuffers, APartIsNotBoundedByTheContext) {
  std::string text = runPipeline(R"mlir(
    func.func @f(%x: memref<120xf32>) attributes {gpt2.context = 7 : index} {
      %zero = arith.constant 0.0 : f32
      scf.forall (%i) = (0) to (120) step (64) {
        %n = affine.min affine_map<(d0) -> (-d0 + 120, 64)>(%i)
        %a = memref.alloc(%n) : memref<?xf32>
        linalg.fill ins(%zero : f32) outs(%a : memref<?xf32>)
        %part = memref.subview %x[%i] [%n] [1]
            : memref<120xf32> to memref<?xf32, strided<[1], offset: ?>>
        memref.copy %a, %part
            : memref<?xf32> to memref<?xf32, strided<[1], offset: ?>>
      }
      return
    })mlir",
                                 "reuse-buffers");
  EXPECT_THAT(text, HasSubstr("memref<256xi8>"));
}

TEST(AllocatePerThread, OnceForAllParts) {
  std::string text = runPipeline(R"mlir(
    func.func @f(%x: memref<4xf32>) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c4 = arith.constant 4 : index
      %zero = arith.constant 0.0 : f32
      scf.parallel (%i) = (%c0) to (%c4) step (%c1) {
        %a = memref.alloca() : memref<1xf32>
        memref.store %zero, %a[%c0] : memref<1xf32>
        %v = memref.load %a[%c0] : memref<1xf32>
        memref.store %v, %x[%i] : memref<4xf32>
        scf.reduce
      }
      return
    })mlir",
                                 "convert-scf-to-openmp,allocate-per-thread");
  EXPECT_THAT(text, Not(HasSubstr("memref.alloca_scope")));
  EXPECT_LT(text.find("omp.parallel"), text.find("memref.alloca()"));
  EXPECT_LT(text.find("memref.alloca()"), text.find("omp.wsloop"));
}

} // namespace
