//===- launch_passes_test.cpp - Passes on programs that launch ----------===//
#include "testing/run_pipeline.h"

#include <gmock/gmock.h>

using gpt2::testing::runPipeline;
using ::testing::HasSubstr;
using ::testing::Not;

namespace {

/// A kernel that stores its result into a buffer of its own; `behind` follows.
std::string launching(const std::string &behind) {
  return R"mlir(
func.func @f(%out: memref<3x8xf32>, %x: memref<8xf32>, %i: index) {
  %c1 = arith.constant 1 : index
  %lanes = gpu.subgroup_size : index
  %y = memref.alloc() : memref<8xf32>
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
      threads(%tx, %ty, %tz) in (%sx = %lanes, %sy = %c1, %sz = %c1) {
    %v = memref.load %x[%tx] : memref<8xf32>
    memref.store %v, %y[%tx] : memref<8xf32>
    gpu.terminator
  } loc("folder/gelu.mlir":3:5)
)mlir" + behind +
         R"mlir(
  return
})mlir";
}

const char *copyToSlice = R"mlir(
  %slice = memref.subview %out[%i, 0] [1, 8] [1, 1]
      : memref<3x8xf32> to memref<8xf32, strided<[1], offset: ?>>
  memref.copy %y, %slice
      : memref<8xf32> to memref<8xf32, strided<[1], offset: ?>>
)mlir";

const char *writeInPlace = "func.func(write-in-place)";

TEST(WriteInPlace, StoresWhereTheResultWasCopiedTo) {
  std::string text = runPipeline(launching(copyToSlice), writeInPlace);
  EXPECT_THAT(text, Not(HasSubstr("memref.copy")));
  EXPECT_THAT(text, Not(HasSubstr("memref.alloc")));
  EXPECT_THAT(text, HasSubstr("memref.store %1, %subview[%arg6]"));
}

TEST(WriteInPlace, LeavesWhatIsUsedElsewhere) {
  // The result is read again behind the copy.
  std::string read = std::string(copyToSlice) +
                     "%again = memref.load %y[%c1] : memref<8xf32>\n"
                     "memref.store %again, %x[%c1] : memref<8xf32>";
  EXPECT_THAT(runPipeline(launching(read), writeInPlace),
              HasSubstr("memref.copy"));
  // The destination is read before the copy.
  std::string old = "%old = memref.load %out[%c1, %c1] : memref<3x8xf32>\n"
                    "memref.store %old, %x[%c1] : memref<8xf32>" +
                    std::string(copyToSlice);
  EXPECT_THAT(runPipeline(launching(old), writeInPlace),
              HasSubstr("memref.copy"));
  // Where it is copied to is known only later.
  std::string later =
      "%i2 = arith.addi %i, %c1 : index" +
      std::string(copyToSlice)
          .replace(std::string(copyToSlice).find("%i,"), 2, "%i2");
  EXPECT_THAT(runPipeline(launching(later), writeInPlace),
              HasSubstr("memref.copy"));
}

TEST(SetSubgroupSize, IsTheTargets) {
  EXPECT_THAT(runPipeline(launching(""), "set-subgroup-size{lanes=64}"),
              HasSubstr("= %c64"));
  EXPECT_THAT(runPipeline(launching(""), "set-subgroup-size"),
              HasSubstr("= %c32"));
}

TEST(NameKernels, AfterTheirFiles) {
  std::string twice = launching(R"mlir(
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
      threads(%tx, %ty, %tz) in (%sx = %c1, %sy = %c1, %sz = %c1) {
    gpu.terminator
  } loc(callsite("other/gelu.mlir":9:1 at "gpt2.mlir":7:7)))mlir");
  std::string text = runPipeline(twice, "name-kernels,gpu-kernel-outlining");
  EXPECT_THAT(text, HasSubstr("gpu.launch_func  @kernels::@gelu "));
  EXPECT_THAT(text, HasSubstr("gpu.launch_func  @kernels::@gelu_1 "));
}

TEST(ReuseBuffers, InAnArena) {
  const char *text = R"mlir(
func.func @f(%x: memref<?x8xf32>) attributes {gpt2.context = 10 : i64} {
  %c0 = arith.constant 0 : index
  %v = arith.constant 0.0 : f32
  %n = memref.dim %x, %c0 : memref<?x8xf32>
  %a = memref.alloc(%n) : memref<?x8xf32>
  memref.store %v, %a[%c0, %c0] : memref<?x8xf32>
  %b = memref.alloc() : memref<3xf32>
  %w = memref.load %a[%c0, %c0] : memref<?x8xf32>
  memref.store %w, %b[%c0] : memref<3xf32>
  %c = memref.alloc() : memref<64xf32>
  %u = memref.load %b[%c0] : memref<3xf32>
  memref.store %u, %c[%c0] : memref<64xf32>
  return
})mlir";
  std::string result = runPipeline(text, "reuse-buffers{arena=true}");
  // 10 x 8 and 3 floats, each from a multiple of 256 on; the third buffer is
  // where the first was.
  EXPECT_THAT(result, HasSubstr("memref<768xi8>"));
  EXPECT_THAT(result, HasSubstr("memref.global constant @f_arena_bytes : "
                                "memref<i64> = dense<768>"));
  EXPECT_THAT(result, HasSubstr("%c512 = arith.constant 512"));
  EXPECT_THAT(result, Not(HasSubstr("memref.alloc")));
  EXPECT_THAT(result, Not(HasSubstr("get_global")));
}

} // namespace
