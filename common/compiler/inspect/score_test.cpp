//===- score_test.cpp - Scores that can be counted by hand --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/dialect/dialect.h"
#include "compiler/inspect/score.h"
#include "support/error.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Parser/Parser.h"

#include <gmock/gmock.h>

using namespace gpt2;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

namespace {

Score score(const std::string &body, double cacheBytes,
            const KnownElements &elements = {}, unsigned subgroupSize = 32) {
  mlir::MLIRContext context(dialectRegistry());
  auto module = mlir::parseSourceString<mlir::ModuleOp>(body, &context);
  if (!module)
    throw std::runtime_error("the test's text does not parse");
  return scoreOf(*module->getOps<mlir::func::FuncOp>().begin(), cacheBytes,
                 elements, {}, subgroupSize);
}

/// y (4, 16) += x (4, 8) w (8, 16), loops t, k, n.
const char *product = R"mlir(
  func.func @f(%x: memref<4x8xf32>, %w: memref<8x16xf32>, %y: memref<4x16xf32>) {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c4 = arith.constant 4 : index
    %c8 = arith.constant 8 : index
    %c16 = arith.constant 16 : index
    scf.for %t = %c0 to %c4 step %c1 {
      scf.for %k = %c0 to %c8 step %c1 {
        scf.for %n = %c0 to %c16 step %c1 {
          %a = memref.load %x[%t, %k] : memref<4x8xf32>
          %b = memref.load %w[%k, %n] : memref<8x16xf32>
          %c = memref.load %y[%t, %n] : memref<4x16xf32>
          %p = arith.mulf %a, %b : f32
          %s = arith.addf %c, %p : f32
          memref.store %s, %y[%t, %n] : memref<4x16xf32>
        }
      }
    }
    return
  })mlir";

TEST(Score, CountsOperations) {
  Score s = score(product, 0);
  EXPECT_EQ(s.flops, 2 * 4 * 8 * 16);
  EXPECT_EQ(s.calls, 0);
  EXPECT_EQ(s.temporaries, 0);
  EXPECT_THAT(s.loops, ElementsAre(1, 1, 1));
}

/// As many iterations as an argument's element says.
const char *byElement = R"mlir(
  func.func @f(%x: memref<4xf32>, %n: memref<2xi32>) {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    scf.for %t = %c0 to %c2 step %c1 {
      %n_i32 = memref.load %n[%t] : memref<2xi32>
      %iterations = arith.index_cast %n_i32 : i32 to index
      scf.for %i = %c0 to %iterations step %c1 {
        %a = memref.load %x[%i] : memref<4xf32>
        %s = arith.addf %a, %a : f32
        memref.store %s, %x[%i] : memref<4xf32>
      }
    }
    return
  })mlir";

TEST(Score, TurnsThatElementsDecide) {
  EXPECT_EQ(score(byElement, 0, {{1, {3, 4}}}).flops, 3 + 4);
  EXPECT_EQ(score(byElement, 0, {{1, {1, 0}}}).flops, 1);
  EXPECT_THROW(score(byElement, 0), Error); // they are not known
  EXPECT_THROW(score(byElement, 0, {{0, {3, 4}}}), Error);
}

TEST(Score, ElementsThatAnArgumentDoesNotHaveAreNotKnown) {
  EXPECT_THROW(score(byElement, 0, {{1, {3}}}), Error);
}

TEST(Score, WithoutACacheEveryAccessIsMoved) {
  Score s = score(product, 0);
  EXPECT_EQ(s.bytesRead, 3 * 4 * (4 * 8 * 16));
  EXPECT_EQ(s.bytesWritten, 4 * (4 * 8 * 16));
}

TEST(Score, WithALargeCacheEveryDatumIsMovedOnce) {
  Score s = score(product, 1 << 20);
  EXPECT_EQ(s.bytesRead, 4 * (4 * 8 + 8 * 16 + 4 * 16));
  EXPECT_EQ(s.bytesWritten, 4 * (4 * 16));
}

TEST(Score, ACacheForRowsReadsTheMatrixForEachOfThem) {
  // An iteration of k touches 1 of x, 16 of w, 16 of y: 132 bytes. An iteration
  // of t touches all 512 bytes of w and more.
  Score s = score(product, 200);
  EXPECT_EQ(s.bytesRead, 4 * (4 * 8 + 4 * (8 * 16) + 4 * 16));
  EXPECT_EQ(s.bytesWritten, 4 * (4 * 16));
}

TEST(Score, CountsTrianglesTurnByTurn) {
  Score s = score(R"mlir(
    func.func @f(%x: memref<5xf32>) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c5 = arith.constant 5 : index
      scf.for %i = %c0 to %c5 step %c1 {
        %end = arith.addi %i, %c1 : index
        scf.for %j = %c0 to %end step %c1 {
          %a = memref.load %x[%j] : memref<5xf32>
          %e = math.exp %a : f32
          memref.store %e, %x[%j] : memref<5xf32>
        }
      }
      return
    })mlir",
                  0);
  EXPECT_EQ(s.flops, 1 + 2 + 3 + 4 + 5);
  EXPECT_EQ(s.calls, 15);
  EXPECT_EQ(s.bytesRead, 4 * 15);
}

TEST(Score, CountsTemporaries) {
  Score s = score(R"mlir(
    memref.global "private" @place : memref<4096xi8> = uninitialized
    func.func @f() {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c3 = arith.constant 3 : index
      %global = memref.get_global @place : memref<4096xi8>
      %small = memref.view %global[%c0][] : memref<4096xi8> to memref<7xf32>
      %large = memref.view %global[%c0][] : memref<4096xi8> to memref<9xf32>
      scf.for %i = %c0 to %c3 step %c1 {
        %a = memref.alloc() : memref<10xf32>
        memref.dealloc %a : memref<10xf32>
      }
      return
    })mlir",
                  0);
  EXPECT_EQ(s.temporaries, 2);
  EXPECT_EQ(s.temporaryBytes, 40 + 36);
  EXPECT_EQ(s.allocations, 3);
}

TEST(Score, LaunchesAreLoopsOverBlocksAndThreads) {
  // Of blocks 0, 1, 2, the first two store; all 4 threads load, though one is
  // told not to. A lane's iterations begin at its id: 2 + 2 + 1 + 1 = 6 loads.
  Score s = score(R"mlir(
    func.func @f(%m: memref<3x4xf32>, %out: memref<3x4xf32>) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c2 = arith.constant 2 : index
      %c3 = arith.constant 3 : index
      %c4 = arith.constant 4 : index
      %c6 = arith.constant 6 : index
      %v = arith.constant dense<1.0> : vector<4xf32>
      gpu.launch blocks(%b, %by, %bz) in (%gx = %c3, %gy = %c1, %gz = %c1)
          threads(%t, %ty, %tz) in (%sx = %c4, %sy = %c1, %sz = %c1)
          workgroup(%shared: memref<4xf32, #gpu.address_space<workgroup>>) {
        %last = arith.cmpi eq, %t, %c3 : index
        scf.if %last {
          %a = memref.load %m[%b, %t] : memref<3x4xf32>
          memref.store %a, %shared[%t]
              : memref<4xf32, #gpu.address_space<workgroup>>
        }
        %stores = arith.cmpi ult, %b, %c2 : index
        scf.if %stores {
          %f = vector.fma %v, %v, %v : vector<4xf32>
          %a = vector.extract %f[0] : f32 from vector<4xf32>
          memref.store %a, %out[%b, %t] : memref<3x4xf32>
        }
        scf.for %i = %t to %c6 step %c4 {
          %g = arith.addf %v, %v : vector<4xf32>
        }
        gpu.terminator
      }
      return
    })mlir",
                  1 << 20);
  EXPECT_EQ(s.launches, 1);
  EXPECT_EQ(s.blocks, 3);
  EXPECT_EQ(s.threads, 12);
  EXPECT_EQ(s.bytesRead, 4 * 12);
  EXPECT_EQ(s.bytesWritten, 4 * 8);
  EXPECT_EQ(s.flops, 8 * (2 * 4) + 3 * 6 * 4);
}

/// How far a run of equal elements goes, and whether it still does, are carried
/// beside a sum: then a loop over the run.
const char *byRun = R"mlir(
  func.func @f(%x: memref<8xf32>, %n: memref<8xi32>) {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c8 = arith.constant 8 : index
    %true = arith.constant true
    %zero = arith.constant 0.0 : f32
    scf.for %start = %c0 to %c8 step %c1 {
      %first = memref.load %n[%start] : memref<8xi32>
      %end, %open, %sum = scf.for %i = %start to %c8 step %c1
          iter_args(%e = %start, %o = %true, %s = %zero)
          -> (index, i1, f32) {
        %other = memref.load %n[%i] : memref<8xi32>
        %same = arith.cmpi eq, %first, %other : i32
        %goes_on = arith.andi %same, %o : i1
        %further = arith.addi %i, %c1 : index
        %next = arith.select %goes_on, %further, %e : index
        %v = memref.load %x[%i] : memref<8xf32>
        %t = arith.addf %s, %v : f32
        scf.yield %next, %goes_on, %t : index, i1, f32
      }
      scf.for %i = %start to %end step %c1 {
        %a = memref.load %x[%i] : memref<8xf32>
        %e = math.exp %a : f32
      }
    }
    return
  })mlir";

TEST(Score, IterationsThatALoopOfSeveralNumbersDecides) {
  Score s = score(byRun, 0, {{1, {5, 5, 5, 2, 2, 5, 7, 7}}});
  EXPECT_EQ(s.calls, 3 + 2 + 1 + 2 + 1 + 1 + 2 + 1);
  EXPECT_THROW(score(byRun, 0), Error);
}

// The iterations of %i are not alike, though %i is only in the loop that says
// how many there are of another.
TEST(Score, IterationsThatTheBodyOfALoopDecides) {
  Score s = score(R"mlir(
    func.func @f(%n: memref<4xi32>, %v: f32) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c4 = arith.constant 4 : index
      scf.for %i = %c0 to %c4 step %c1 {
        %end = scf.for %j = %c0 to %c1 step %c1 iter_args(%e = %c0) -> (index) {
          %m = memref.load %n[%i] : memref<4xi32>
          %most = arith.index_cast %m : i32 to index
          scf.yield %most : index
        }
        scf.for %k = %c0 to %end step %c1 {
          %e = math.exp %v : f32
        }
      }
      return
    })mlir",
                  0, {{0, {3, 0, 4, 1}}});
  EXPECT_EQ(s.calls, 3 + 0 + 4 + 1);
}

TEST(Score, IterationsThatABranchDecides) {
  const char *text = R"mlir(
    func.func @f(%n: memref<2xi32>, %v: f32) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c2 = arith.constant 2 : index
      %c5 = arith.constant 5 : index
      %zero = arith.constant 0 : i32
      scf.for %i = %c0 to %c2 step %c1 {
        %m = memref.load %n[%i] : memref<2xi32>
        %none = arith.cmpi eq, %m, %zero : i32
        %end = scf.if %none -> (index) {
          scf.yield %c1 : index
        } else {
          scf.yield %c5 : index
        }
        scf.for %k = %c0 to %end step %c1 {
          %e = math.exp %v : f32
        }
      }
      return
    })mlir";
  EXPECT_EQ(score(text, 0, {{0, {0, 3}}}).calls, 1 + 5);
  EXPECT_THROW(score(text, 0), Error);
}

// A tile is all of a subgroup's: each of its 32 lanes does a part. What is in
// shared memory is not memory.
TEST(Score, LanesShareATile) {
  Score s = score(R"mlir(
    func.func @f(%scale: f32) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c32 = arith.constant 32 : index
      gpu.launch blocks(%b, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
          threads(%t, %ty, %tz) in (%sx = %c32, %sy = %c1, %sz = %c1)
          workgroup(%a: memref<16x16xbf16, #gpu.address_space<workgroup>>,
                    %c: memref<16x16xf32, #gpu.address_space<workgroup>>) {
        %x = vector.load %a[%c0, %c0]
            : memref<16x16xbf16, #gpu.address_space<workgroup>>,
              vector<16x16xbf16>
        %y = vector.load %c[%c0, %c0]
            : memref<16x16xf32, #gpu.address_space<workgroup>>,
              vector<16x16xf32>
        %z = vector.contract {
            indexing_maps = [affine_map<(m, n, k) -> (m, k)>,
                             affine_map<(m, n, k) -> (k, n)>,
                             affine_map<(m, n, k) -> (m, n)>],
            iterator_types = ["parallel", "parallel", "reduction"],
            kind = #vector.kind<add>} %x, %x, %y
            : vector<16x16xbf16>, vector<16x16xbf16> into vector<16x16xf32>
        %w = arith.mulf %z, %y : vector<16x16xf32>
        vector.store %w, %c[%c0, %c0]
            : memref<16x16xf32, #gpu.address_space<workgroup>>,
              vector<16x16xf32>
        gpu.terminator
      }
      return
    })mlir",
                  0, {}, 32);
  EXPECT_EQ(s.flops, 2 * 16 * 16 * 16 + 16 * 16);
  EXPECT_EQ(s.bytesRead, 0);
  EXPECT_EQ(s.bytesWritten, 0);
}

TEST(Score, KnowsTheBytesOfIndicesAndVectors) {
  Score s = score(R"mlir(
    func.func @f(%x: memref<4xindex>, %y: memref<4xvector<4xf32>>) {
      %c0 = arith.constant 0 : index
      %a = memref.load %x[%c0] : memref<4xindex>
      %b = memref.load %y[%c0] : memref<4xvector<4xf32>>
      return
    })mlir",
                  0);
  EXPECT_EQ(s.bytesRead, 8 + 16);
}

// Sixteen lanes, to each of which four products are added.
TEST(Score, CountsDotProducts) {
  Score s = score(R"mlir(
    func.func @f(%sums: vector<16xi32>, %a: vector<64xi8>, %b: vector<64xi8>) {
      %r = llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.512"(%sums, %a, %b)
          : (vector<16xi32>, vector<64xi8>, vector<64xi8>) -> vector<16xi32>
      return
    })mlir",
                  0);
  EXPECT_EQ(s.flops, 2 * 64);
}

// Three operands make no products.
TEST(Score, OtherIntrinsicsAreNoDotProducts) {
  Score s = score(R"mlir(
    func.func @f(%a: vector<16xi32>, %b: vector<16xi32>, %c: vector<16xi32>) {
      %r = llvm.call_intrinsic "llvm.fshl.v16i32"(%a, %b, %c)
          : (vector<16xi32>, vector<16xi32>, vector<16xi32>) -> vector<16xi32>
      return
    })mlir",
                  0);
  EXPECT_EQ(s.flops, 0);
}

TEST(Score, CountsFunctionsOfAllElements) {
  Score s = score(R"mlir(
    func.func @f(%a: vector<4xf32>) {
      %e = math.exp %a : vector<4xf32>
      %t = math.tanh %e : vector<4xf32>
      return
    })mlir",
                  0);
  EXPECT_EQ(s.calls, 8);
  EXPECT_EQ(s.flops, 8);
}

// Halves, quarters and so on: as often as the lanes can be halved.
TEST(Score, CountsASubgroupsSumsByItsLanes) {
  const char *text = R"mlir(
    func.func @f(%a: f32, %b: vector<2xf32>) {
      %all = gpu.subgroup_reduce add %a : (f32) -> f32
      %pairs = gpu.subgroup_reduce add %a cluster(size = 2) : (f32) -> f32
      %both = gpu.subgroup_reduce add %b : (vector<2xf32>) -> vector<2xf32>
      return
    })mlir";
  EXPECT_EQ(score(text, 0, {}, 32).flops, 5 + 1 + 2 * 5);
  EXPECT_EQ(score(text, 0, {}, 64).flops, 6 + 1 + 2 * 6);
}

TEST(Score, SaysWhatItCannotCount) {
  const char *text = R"mlir(
    func.func @f(%n: index) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      scf.for %i = %c0 to %n step %c1 {
      }
      return
    })mlir";
  try {
    score(text, 0);
    FAIL();
  } catch (const Error &error) {
    EXPECT_THAT(error.what(), HasSubstr("how often the loop runs"));
  }
  try {
    score(R"mlir(
      func.func @f(%n: index) {
        %a = memref.alloc(%n) : memref<?xf32>
        return
      })mlir",
          0);
    FAIL();
  } catch (const Error &error) {
    EXPECT_THAT(error.what(), HasSubstr("buffers of known size"));
  }
}

} // namespace
