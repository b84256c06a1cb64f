//===- cache_passes_test.cpp - The passes of chapter 5, alone -----------===//
#include "testing/run_pipeline.h"

#include <gmock/gmock.h>

using namespace gpt2::testing;
using ::testing::HasSubstr;
using ::testing::Not;

namespace {

const char *entry = R"mlir(
  func.func private @work(%x: tensor<?x?xf32>) -> tensor<?x?xf32> {
    return %x : tensor<?x?xf32>
  }
  func.func private @work_of_one(%x: tensor<?x?xf32>) -> tensor<?x?xf32> {
    return %x : tensor<?x?xf32>
  }
  func.func @all(%x: tensor<?x?xf32> {gpt2.shape = "T x 3C"})
      -> tensor<?x?xf32> {
    %y = call @work(%x) : (tensor<?x?xf32>) -> tensor<?x?xf32>
    return %y : tensor<?x?xf32>
  })mlir";

TEST(CloneEntry, KnowsSizesThatTheOriginalDoesNot) {
  std::string text =
      runPipeline(entry, "clone-entry{from=all to=one sizes=T=1},"
                         "specialize-shapes{sizes=C=4}");
  EXPECT_THAT(text, HasSubstr("func.func @all(%arg0: tensor<?x12xf32>)"));
  EXPECT_THAT(text, HasSubstr("func.func @one(%arg0: tensor<1x12xf32>)"));
  EXPECT_THAT(text, Not(HasSubstr("call @work_of_one")));
}

TEST(CloneEntry, CallsKernelsOfItsOwn) {
  std::string text = runPipeline(
      entry, "clone-entry{from=all to=one sizes=T=1 suffix=_of_one}");
  size_t clone = text.find("func.func @one");
  ASSERT_NE(clone, std::string::npos);
  EXPECT_THAT(text.substr(0, clone), HasSubstr("call @work("));
  EXPECT_THAT(text.substr(clone), HasSubstr("call @work_of_one("));
  // Programs of kernels alone have no such entry.
  EXPECT_THAT(runPipeline(entry, "clone-entry{from=none to=one}"),
              Not(HasSubstr("@one(")));
}

TEST(CopiesToLinalg, ACopyBecomesALoop) {
  std::string text = runPipeline(R"mlir(
    func.func @f(%x: memref<2x3xf32>, %y: memref<2x3xf32, strided<[9, 1]>>) {
      memref.copy %x, %y : memref<2x3xf32> to memref<2x3xf32, strided<[9, 1]>>
      return
    })mlir",
                                 "copies-to-linalg");
  EXPECT_THAT(text, Not(HasSubstr("memref.copy")));
  EXPECT_THAT(text, HasSubstr("linalg.generic"));
  EXPECT_THAT(text,
              HasSubstr("outs(%arg1 : memref<2x3xf32, strided<[9, 1]>>)"));
}

TEST(PreferVectorWidth, IsOfOneFunction) {
  std::string text = runPipeline(
      "llvm.func @f() { llvm.return }\nllvm.func @g() { llvm.return }",
      "prefer-vector-width{function=g bits=128}");
  EXPECT_THAT(text, HasSubstr("@f() {"));
  EXPECT_THAT(text,
              HasSubstr("@g() attributes {prefer_vector_width = \"128\"}"));
}

/// A cache that is carried by a loop, of which a slice is replaced and read.
const char *cache = R"mlir(
  func.func @f(%keys: tensor<8x4xf32> {gpt2.cache}, %new: tensor<4xf32>,
               %p: index) -> (tensor<8x4xf32>, f32) {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %kept = scf.for %i = %c0 to %p step %c1
        iter_args(%k = %keys) -> (tensor<8x4xf32>) {
      %next = tensor.insert_slice %new into %k[%i, 0] [1, 4] [1, 1]
          : tensor<4xf32> into tensor<8x4xf32>
      scf.yield %next : tensor<8x4xf32>
    }
    %e = tensor.extract %kept[%c1, %c0] : tensor<8x4xf32>
    return %kept, %e : tensor<8x4xf32>, f32
  })mlir";

TEST(NarrowElements, RoundsWhatIsWritten) {
  std::string text = runPipeline(cache, "narrow-elements{marked=gpt2.cache}");
  EXPECT_THAT(text, HasSubstr("-> (tensor<8x4xbf16>, f32)"));
  EXPECT_THAT(text,
              HasSubstr("iter_args(%arg4 = %arg0) -> (tensor<8x4xbf16>)"));
  EXPECT_THAT(text, HasSubstr("arith.truncf %in : f32 to bf16"));
  EXPECT_THAT(text, HasSubstr("arith.extf %extracted : bf16 to f32"));
  EXPECT_THAT(text, HasSubstr("@gpt2_cache_bits"));
  EXPECT_THAT(text, Not(HasSubstr("@gpt2_weight_bits")));
  // What is not marked stays.
  EXPECT_THAT(text, HasSubstr("%arg1: tensor<4xf32>"));
  EXPECT_THAT(runPipeline(cache, "narrow-elements"), Not(HasSubstr("bf16")));
}

TEST(NarrowElements, RoundsWhatAKernelStores) {
  std::string text = runPipeline(R"mlir(
    func.func @f(%keys: tensor<8xf32> {gpt2.cache}, %v: f32, %p: index) {
      %memory = bufferization.to_buffer %keys read_only
          : tensor<8xf32> to memref<8xf32>
      memref.store %v, %memory[%p] : memref<8xf32>
      return
    })mlir",
                                 "narrow-elements{marked=gpt2.cache}");
  EXPECT_THAT(text, HasSubstr("arith.truncf %arg1 : f32 to bf16"));
  EXPECT_THAT(text, HasSubstr(": memref<8xbf16>"));
}

/// x (rows, 8) times w (8, 16), and x times the transpose of v (32, 8).
std::string products(const std::string &rows, const std::string &flags) {
  std::string x = "tensor<" + rows + "x8xf32>",
              y = "tensor<" + rows + "x16xf32>",
              z = "tensor<" + rows + "x32xf32>";
  return "func.func @f(%x: " + x + ", %w: tensor<8x16xf32>, " +
         "%v: " + "tensor<32x8xf32>, %y: " + y + ", %z: " + z + ") -> (" + y +
         ", " + z +
         R"mlir() {
    %a = linalg.matmul ins(%x, %w : )mlir" +
         x + ", tensor<8x16xf32>) outs(%y : " + y + ") -> " + y +
         R"mlir(
    %b = linalg.generic {
        indexing_maps = [affine_map<(v, n, c) -> (v, c)>,
                         affine_map<(v, n, c) -> (n, c)>,
                         affine_map<(v, n, c) -> (n, v)>],
        iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%v, %x : tensor<32x8xf32>, )mlir" +
         x + ") outs(%z : " + z + R"mlir() {
    ^bb0(%p: f32, %q: f32, %acc: f32):
      %m = arith.mulf %p, %q )mlir" +
         flags + R"mlir( : f32
      %s = arith.addf %acc, %m )mlir" +
         flags + R"mlir( : f32
      linalg.yield %s : f32
    } -> )mlir" +
         z + "\n return %a, %b : " + y + ", " + z + "\n}";
}

TEST(TileAndFuse, LeavesAProductOfOneRowWhole) {
  const std::string pass = "func.func(tile-and-fuse{rows=2 columns=4})";
  EXPECT_THAT(runPipeline(products("1", ""), pass),
              HasSubstr("linalg.matmul ins(%arg0, %arg1 : tensor<1x8xf32>"));
  EXPECT_THAT(runPipeline(products("6", ""), pass),
              Not(HasSubstr("linalg.matmul ins(%arg0, %arg1 :")));
}

TEST(TileAndFuse, LeavesASumOfAnyOrderToLlvm) {
  const std::string pass = "func.func(tile-and-fuse{parts=4 queries=2})";
  std::string ordered = runPipeline(products("6", ""), pass);
  std::string any = runPipeline(products("6", "fastmath<reassoc>"), pass);
  // Two rows of v for one of x, in four sums; or one row and its whole sum.
  EXPECT_THAT(ordered, HasSubstr("tensor<1x2x4xf32>"));
  EXPECT_THAT(any, Not(HasSubstr("tensor<1x2x4xf32>")));
  EXPECT_THAT(any, HasSubstr("tensor<1x8xf32>, tensor<1x8xf32>) outs("));
}

} // namespace
