//===- linalg_passes_test.cpp - The passes of chapters 2 and 3, alone ---===//
#include "testing/run_pipeline.h"

#include <gmock/gmock.h>

using namespace gpt2::testing;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

namespace {

size_t count(const std::string &text, const std::string &what) {
  size_t n = 0;
  for (size_t at = text.find(what); at != std::string::npos;
       at = text.find(what, at + 1))
    ++n;
  return n;
}

TEST(OrderLoops, PutsTheJumpsOutside) {
  const char *product = R"(
    func.func @f(%x: tensor<300x8xf32>, %w: tensor<8x16xf32>,
                 %y: tensor<300x16xf32>) -> tensor<300x16xf32> {
      %r = linalg.matmul ins(%x, %w : tensor<300x8xf32>, tensor<8x16xf32>)
          outs(%y : tensor<300x16xf32>) -> tensor<300x16xf32>
      return %r : tensor<300x16xf32>
    })";
  std::string text =
      runPipeline(product, "linalg-generalize-named-ops,order-loops");
  // (m, n, k) has become (m, k, n).
  EXPECT_THAT(text, HasSubstr("iterator_types = [\"parallel\", \"reduction\", "
                              "\"parallel\"]"));
  // Few results stay in registers while the sum goes on outside of them.
  text = runPipeline(product,
                     "linalg-generalize-named-ops,order-loops{registers=4800}");
  EXPECT_THAT(text, HasSubstr("iterator_types = [\"reduction\", \"parallel\", "
                              "\"parallel\"]"));
}

// tanh feeds a product, whose every row would compute it again; doubling feeds
// an elementwise operation.
const char *chain = R"(
  #id = affine_map<(i, j) -> (i, j)>
  func.func @f(%x: tensor<4x8xf32>, %w: tensor<8x16xf32>,
               %y: tensor<4x16xf32>) -> tensor<4x16xf32> {
    %e = tensor.empty() : tensor<4x8xf32>
    %double = linalg.generic {indexing_maps = [#id, #id],
        iterator_types = ["parallel", "parallel"]}
        ins(%x : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
    ^bb0(%v: f32, %o: f32):
      %d = arith.addf %v, %v : f32
      linalg.yield %d : f32
    } -> tensor<4x8xf32>
    %tanh = linalg.generic {indexing_maps = [#id, #id],
        iterator_types = ["parallel", "parallel"]}
        ins(%double : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
    ^bb0(%v: f32, %o: f32):
      %t = math.tanh %v : f32
      linalg.yield %t : f32
    } -> tensor<4x8xf32>
    %r = linalg.matmul ins(%tanh, %w : tensor<4x8xf32>, tensor<8x16xf32>)
        outs(%y : tensor<4x16xf32>) -> tensor<4x16xf32>
    return %r : tensor<4x16xf32>
  })";

TEST(FuseElementwise, ComputesNothingTwice) {
  std::string text =
      runPipeline(chain, "linalg-generalize-named-ops,fuse-elementwise");
  // One body for doubling and tanh, another for the product.
  EXPECT_EQ(count(text, "linalg.generic"), 2u);
  // Upstream's pass puts tanh into the product.
  EXPECT_EQ(count(runPipeline(chain, "linalg-generalize-named-ops,"
                                     "linalg-fuse-elementwise-ops"),
                  "linalg.generic"),
            1u);
}

TEST(TileAndFuse, LeavesOutsideWhatEachTileWouldComputeAgain) {
  std::string text = runPipeline(
      chain, "func.func(tile-and-fuse{rows=2 columns=4 depth=8 strip=2}),"
             "canonicalize,cse");
  // tanh is computed once, before the loops over tiles.
  EXPECT_EQ(count(text, "math.tanh"), 1u);
  EXPECT_LT(text.find("math.tanh"), text.find("scf.for"));
  EXPECT_THAT(text, HasSubstr("linalg.matmul"));
}

TEST(TileAndFuse, DrawsTheBiasIn) {
  std::string text = runPipeline(R"(
    func.func @f(%x: tensor<4x8xf32>, %w: tensor<8x16xf32>, %b: tensor<16xf32>)
        -> tensor<4x16xf32> {
      %e = tensor.empty() : tensor<4x16xf32>
      %bias = linalg.broadcast ins(%b : tensor<16xf32>)
          outs(%e : tensor<4x16xf32>) dimensions = [0]
      %r = linalg.matmul ins(%x, %w : tensor<4x8xf32>, tensor<8x16xf32>)
          outs(%bias : tensor<4x16xf32>) -> tensor<4x16xf32>
      return %r : tensor<4x16xf32>
    })",
                                 "func.func(tile-and-fuse{rows=2 columns=4}),"
                                 "canonicalize,cse");
  EXPECT_GT(text.find("linalg.broadcast"), text.find("scf.for"));
  EXPECT_THAT(text, ContainsRegex("linalg.broadcast.*tensor<2x4xf32>"));
}

TEST(SeparateFills, GivesEachUserItsOwn) {
  std::string text = runPipeline(R"(
    func.func @f(%x: tensor<4x8xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
      %zero = arith.constant 0.0 : f32
      %e = tensor.empty() : tensor<4xf32>
      %z = linalg.fill ins(%zero : f32) outs(%e : tensor<4xf32>) -> tensor<4xf32>
      %a = linalg.reduce { arith.addf } ins(%x : tensor<4x8xf32>)
          outs(%z : tensor<4xf32>) dimensions = [1]
      %b = linalg.reduce { arith.maximumf } ins(%x : tensor<4x8xf32>)
          outs(%z : tensor<4xf32>) dimensions = [1]
      return %a, %b : tensor<4xf32>, tensor<4xf32>
    })",
                                 "separate-fills");
  EXPECT_EQ(count(text, "linalg.fill"), 2u);
}

// %b begins when %a has had its last use; %c is alive beside both.
const char *buffers = R"(
  func.func @f(%x: memref<?x8xf32>, %n: index)
      attributes {gpt2.context = 16 : index} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %T = memref.dim %x, %c0 : memref<?x8xf32>
    %c = memref.alloc(%T) : memref<?x8xf32>
    scf.for %i = %c0 to %n step %c1 {
      %a = memref.alloc(%T) : memref<?x8xf32>
      memref.copy %x, %a : memref<?x8xf32> to memref<?x8xf32>
      memref.copy %a, %c : memref<?x8xf32> to memref<?x8xf32>
      %b = memref.alloc(%T) : memref<?x8xf32>
      memref.copy %c, %b : memref<?x8xf32> to memref<?x8xf32>
      memref.copy %b, %x : memref<?x8xf32> to memref<?x8xf32>
    }
    return
  })";

TEST(ReuseBuffers, SharesPlacesOfBuffersThatDoNotMeet) {
  std::string text = runPipeline(buffers, "reuse-buffers");
  EXPECT_THAT(text, Not(HasSubstr("memref.alloc")));
  EXPECT_EQ(count(text, "memref.view"), 3u);
  EXPECT_EQ(count(text, "memref.global \"private\""), 2u);
  EXPECT_EQ(count(text, "memref<512xi8> = uninitialized"), 2u);
}

TEST(ReuseBuffers, RefusesWhatLeavesItsBlock) {
  EXPECT_THAT(runPipeline(R"(
    func.func @f(%x: memref<8xf32>, %p: i1) {
      %r = scf.if %p -> memref<8xf32> {
        %a = memref.alloc() : memref<8xf32>
        scf.yield %a : memref<8xf32>
      } else {
        scf.yield %x : memref<8xf32>
      }
      memref.copy %r, %x : memref<8xf32> to memref<8xf32>
      return
    })",
                          "reuse-buffers"),
              HasSubstr("cannot follow this buffer out of its block"));
}

TEST(ReuseBuffers, NeedsABound) {
  std::string text = buffers;
  text.erase(text.find("gpt2.context = 16 : index"), 25);
  EXPECT_THAT(runPipeline(text, "reuse-buffers"),
              HasSubstr("has no bound; expected gpt2.context"));
}

TEST(ReuseBuffers, KeepsApartWhatALoopStillNeeds) {
  // %a lives to the end of the loop, in whose next turn it is read again.
  std::string text = runPipeline(R"(
    func.func @f(%x: memref<8xf32>, %n: index) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %a = memref.alloc() : memref<8xf32>
      scf.for %i = %c0 to %n step %c1 {
        memref.copy %a, %x : memref<8xf32> to memref<8xf32>
        %b = memref.alloc() : memref<8xf32>
        memref.copy %b, %x : memref<8xf32> to memref<8xf32>
      }
      return
    })",
                                 "reuse-buffers");
  EXPECT_EQ(count(text, "memref.global \"private\""), 2u);
}

} // namespace
