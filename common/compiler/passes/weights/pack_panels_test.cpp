//===- pack_panels_test.cpp - Matrices in the order of their readers ----===//
#include "testing/run_pipeline.h"

#include <gmock/gmock.h>

using namespace gpt2::testing;
using ::testing::HasSubstr;
using ::testing::Not;

namespace {

/// A matrix that is read in vectors of 8, and by an element.
const char *readers = R"mlir(
  func.func @f(%w: tensor<2x16x24xf32> {gpt2.matrix}, %l: index)
      -> (vector<8xf32>, f32) {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c8 = arith.constant 8 : index
    %c16 = arith.constant 16 : index
    %c24 = arith.constant 24 : index
    %zero = arith.constant 0.0 : f32
    %none = arith.constant dense<0.0> : vector<8xf32>
    %sum = scf.for %n = %c0 to %c24 step STEP iter_args(%a = %none)
        -> (vector<8xf32>) {
      %b = scf.for %k = %c0 to %c16 step %c1 iter_args(%s = %a)
          -> (vector<8xf32>) {
        %v = vector.transfer_read %w[%l, %k, %n], %zero {in_bounds = [true]}
            : tensor<2x16x24xf32>, vector<8xf32>
        %t = arith.addf %s, %v : vector<8xf32>
        scf.yield %t : vector<8xf32>
      }
      scf.yield %b : vector<8xf32>
    }
    %e = tensor.extract %w[%l, %c1, %c16] : tensor<2x16x24xf32>
    return %sum, %e : vector<8xf32>, f32
  })mlir";

std::string withStep(const std::string &step) {
  std::string text = readers;
  return text.replace(text.find("STEP"), 4, step);
}

TEST(PackPanels, WhatIsReadTogetherLiesTogether) {
  std::string text = runPipeline(withStep("%c8"), "pack-panels,canonicalize");
  EXPECT_THAT(text, HasSubstr("%arg0: tensor<2x3x16x8xf32> {gpt2.matrix}"));
  EXPECT_THAT(text, HasSubstr(": tensor<2x3x16x8xf32>, vector<8xf32>"));
  // Column 16 is column 0 of panel 2.
  EXPECT_THAT(text, HasSubstr("tensor.extract %arg0[%arg1, %c2, %c1, %c0]"));
  // 32 bits; one layer of the plain matrix is one of it; rank 4.
  EXPECT_THAT(text, HasSubstr("@gpt2_prepared_0 : memref<7xi64> = "
                              "dense<[32, 1, 4, 2, 3, 16, 8]>"));
  EXPECT_THAT(text, HasSubstr("func.func @prepare_0(%arg0: "
                              "memref<?x3x16x8xf32>, %arg1: "
                              "memref<?x16x24xf32>)"));
}

// Two rows of eight columns, for an instruction that adds two products.
TEST(PackPanels, TermsOfAnInstructionAreTogether) {
  std::string text = runPipeline(R"mlir(
    func.func @f(%w: tensor<2x16x24xbf16> {gpt2.matrix}, %l: index)
        -> (vector<2x8xbf16>, bf16) {
      %c3 = arith.constant 3 : index
      %c6 = arith.constant 6 : index
      %c8 = arith.constant 8 : index
      %c17 = arith.constant 17 : index
      %zero = arith.constant 0.0 : bf16
      %v = vector.transfer_read %w[%l, %c6, %c8], %zero
          {in_bounds = [true, true]} : tensor<2x16x24xbf16>, vector<2x8xbf16>
      %e = tensor.extract %w[%l, %c3, %c17] : tensor<2x16x24xbf16>
      return %v, %e : vector<2x8xbf16>, bf16
    })mlir",
                                 "pack-panels,canonicalize");
  EXPECT_THAT(text, HasSubstr("%arg0: tensor<2x3x8x16xbf16> {gpt2.matrix}"));
  // Rows 6 and 7 are pair 3; columns from 8 are panel 1.
  EXPECT_THAT(text, HasSubstr("vector.transfer_read %arg0[%arg1, %c1, %c3, "
                              "%c0]"));
  EXPECT_THAT(text, HasSubstr("vector.transpose %1, [1, 0] : vector<8x2xbf16> "
                              "to vector<2x8xbf16>"));
  // Row 3 is the second of pair 1; column 17 the second of panel 2.
  EXPECT_THAT(text, HasSubstr("tensor.extract %arg0[%arg1, %c2, %c1, %c3]"));
  // What is loaded is rounded.
  EXPECT_THAT(text, HasSubstr("arith.truncf"));
  EXPECT_THAT(text, HasSubstr("dense<[16, 1, 4, 2, 3, 8, 16]>"));
}

// Of an embedding of one channel, the rows behind the last whole panel are a
// vector: the dimension that the slice lacks is behind the columns.
TEST(PackPanels, AMatrixOfOneRow) {
  std::string text = runPipeline(R"mlir(
    func.func @f(%w: tensor<257x1xf32> {gpt2.matrix}, %x: tensor<f32>,
                 %n: index) -> (vector<32xf32>, tensor<?xf32>) {
      %c0 = arith.constant 0 : index
      %c32 = arith.constant 32 : index
      %zero = arith.constant 0.0 : f32
      %v = vector.transfer_read %w[%c32, %c0], %zero
          {in_bounds = [true], permutation_map = affine_map<(a, b) -> (a)>}
          : tensor<257x1xf32>, vector<32xf32>
      %rest = tensor.extract_slice %w[256, 0] [%n, 1] [1, 1]
          : tensor<257x1xf32> to tensor<?xf32>
      %to = tensor.empty(%n) : tensor<?xf32>
      %y = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>,
                                            affine_map<(i) -> ()>,
                                            affine_map<(i) -> (i)>],
                           iterator_types = ["parallel"]}
          ins(%rest, %x : tensor<?xf32>, tensor<f32>)
          outs(%to : tensor<?xf32>) {
        ^bb0(%a: f32, %b: f32, %c: f32):
          %p = arith.mulf %a, %b : f32
          linalg.yield %p : f32
        } -> tensor<?xf32>
      return %v, %y : vector<32xf32>, tensor<?xf32>
    })mlir",
                                 "pack-panels,canonicalize");
  EXPECT_THAT(text, HasSubstr("%arg0: tensor<9x1x32xf32> {gpt2.matrix}"));
  EXPECT_THAT(text, HasSubstr("tensor.extract_slice %arg0[8, 0, 0] [1, 1, "
                              "%arg2] [1, 1, 1] : tensor<9x1x32xf32> to "
                              "tensor<?xf32>"));
}

TEST(PackPanels, LeavesWhatIsReadAcrossPanels) {
  std::string text = runPipeline(withStep("%c1"), "pack-panels");
  EXPECT_THAT(text, HasSubstr("%arg0: tensor<2x16x24xf32>"));
  EXPECT_THAT(text, Not(HasSubstr("prepare_0")));
}

} // namespace
