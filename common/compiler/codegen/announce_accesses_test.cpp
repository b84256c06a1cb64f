//===- announce_accesses_test.cpp - All that kernels do to memory is seen ===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/codegen/gpu_codegen.h"
#include "testing/lowered_gpu.h"
#include "testing/test_files.h"

#include <gmock/gmock.h>

#include <cmath>
#include <iostream>
#include <numeric>

#include <unistd.h>

using namespace gpt2;
using gpt2::testing::errorOf;
using gpt2::testing::KernelArguments;
using gpt2::testing::LoweredGpu;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

namespace {

/// A kernel of 64 threads that does `body` with two vectors of 64 f32, %x and
/// %y, of which the addresses are %px and %py; %t is the thread.
std::string kernelThat(const std::string &body,
                       const std::string &declarations = "") {
  return "gpu.module @kernels {\n" + declarations + R"mlir(
  gpu.func @k(%x: memref<64xf32>, %y: memref<64xf32>)
      workgroup(%s: memref<64xf32, #gpu.address_space<workgroup>>)
      kernel attributes {known_block_size = array<i32: 64, 1, 1>} {
    %t = gpu.thread_id x
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c4 = arith.constant 4 : index
    %c64 = arith.constant 64 : index
    %zero = arith.constant 0.0 : f32
    %one = arith.constant 1.0 : f32
    %first = arith.cmpi eq, %t, %c0 : index
    %ix = memref.extract_aligned_pointer_as_index %x : memref<64xf32> -> index
    %iy = memref.extract_aligned_pointer_as_index %y : memref<64xf32> -> index
    %wx = arith.index_cast %ix : index to i64
    %wy = arith.index_cast %iy : index to i64
    %px = llvm.inttoptr %wx : i64 to !llvm.ptr
    %py = llvm.inttoptr %wy : i64 to !llvm.ptr
)mlir" + body +
         R"mlir(
    gpu.return
  }
})mlir";
}

class AnnounceAccesses : public ::testing::TestWithParam<const char *> {
protected:
  /// Runs a kernel, where the emulator knows of `known` elements of %y.
  void run(const std::string &body, size_t known = 64) {
    LoweredGpu lowered(kernelThat(body), GetParam());
    EmulatedModule module(lowered.kernels());
    std::iota(x.begin(), x.end(), 1.0f);
    std::fill(y.begin(), y.end(), -1.0f);
    KernelArguments arguments;
    arguments.add(x.data(), {64});
    arguments.add(y.data(), {64});
    Emulator emulator(lowered.target.subgroupSize());
    emulator.registerBuffer(x.data(), 256, "%x");
    if (known > 0)
      emulator.registerBuffer(y.data(), 4 * known, "%y");
    emulator.launch(module.kernel("k"), {1}, {64}, arguments.pointers());
  }
  std::string errorOfRun(const std::string &body, size_t known) {
    return errorOf([&] { run(body, known); });
  }

  std::vector<float> x = std::vector<float>(64), y = std::vector<float>(64);
};

// A loop that LLVM makes a memset of.
TEST_P(AnnounceAccesses, AMemset) {
  std::string body = R"mlir(
    scf.if %first {
      scf.for %i = %c0 to %c64 step %c1 {
        memref.store %zero, %y[%i] : memref<64xf32>
      }
    })mlir";
  run(body);
  EXPECT_EQ(y, std::vector<float>(64, 0));
  EXPECT_EQ(errorOfRun(body, 60),
            "kernel @k, block (0, 0, 0): thread (0, 0, 0) writes 256 bytes out "
            "of bounds: from byte 0 of %y, which has 240");
}

TEST_P(AnnounceAccesses, CopiesOfMemory) {
  for (std::string copy : {"memcpy", "memmove"}) {
    std::string body = R"mlir(
    %bytes = arith.constant 128 : i64
    scf.if %first {
      "llvm.intr.)mlir" +
                       copy +
                       R"mlir("(%py, %px, %bytes) <{isVolatile = false}>
          : (!llvm.ptr, !llvm.ptr, i64) -> ()
    })mlir";
    run(body);
    EXPECT_EQ(y[31], 32.0f);
    EXPECT_EQ(y[32], -1.0f);
    EXPECT_THAT(errorOfRun(body, 31), HasSubstr("writes 128 bytes out of"));
    // Behind the end of what is read.
    std::string back = R"mlir(
    %bytes = arith.constant 128 : i64
    scf.if %first {
      "llvm.intr.)mlir" +
                       copy +
                       R"mlir("(%px, %py, %bytes) <{isVolatile = false}>
          : (!llvm.ptr, !llvm.ptr, i64) -> ()
    })mlir";
    EXPECT_THAT(errorOfRun(back, 31), HasSubstr("reads 128 bytes out of"));
  }
}

TEST_P(AnnounceAccesses, AtomicOperations) {
  std::string add = R"mlir(
    %old = memref.atomic_rmw addf %one, %y[%c4] : (f32, memref<64xf32>) -> f32
  )mlir";
  run(add);
  EXPECT_EQ(y[4], 63.0f);
  EXPECT_THAT(errorOfRun(add, 4),
              HasSubstr("updates 4 bytes out of bounds: 0 bytes behind the end "
                        "of %y, which has 16"));
  std::string exchange = R"mlir(
    %from = llvm.mlir.constant(0 : i32) : i32
    %to = llvm.mlir.constant(5 : i32) : i32
    %pair = llvm.cmpxchg %py, %from, %to monotonic monotonic : !llvm.ptr, i32
  )mlir";
  run(exchange);
  EXPECT_THAT(errorOfRun(exchange, 0), HasSubstr("updates 4 bytes out of"));
}

// Threads may add to one place of shared memory at once, and not read it then.
TEST_P(AnnounceAccesses, AtomicOperationsOnSharedMemory) {
  std::string add = R"mlir(
    scf.if %first {
      memref.store %zero, %s[%c2] : memref<64xf32, #gpu.address_space<workgroup>>
    }
    gpu.barrier
    %old = memref.atomic_rmw addf %one, %s[%c2]
        : (f32, memref<64xf32, #gpu.address_space<workgroup>>) -> f32
  )mlir";
  std::string read = R"mlir(
    %sum = memref.load %s[%c2] : memref<64xf32, #gpu.address_space<workgroup>>
    memref.store %sum, %y[%t] : memref<64xf32>
  )mlir";
  run(add + "gpu.barrier" + read);
  EXPECT_EQ(y, std::vector<float>(64, 64));
  EXPECT_THAT(errorOfRun(add + read, 64), HasSubstr("a race"));
}

// Of eight lanes, three are on: those that are not need not be there.
TEST_P(AnnounceAccesses, MaskedAccesses) {
  std::string lanes = R"mlir(
    %mask = arith.constant dense<[1, 0, 1, 0, 1, 0, 0, 0]> : vector<8xi1>
    %off = arith.constant dense<-2.0> : vector<8xf32>
  )mlir";
  std::string store = lanes + R"mlir(
    scf.if %first {
      %v = vector.load %x[%c0] : memref<64xf32>, vector<8xf32>
      vector.maskedstore %y[%c0], %mask, %v
          : memref<64xf32>, vector<8xi1>, vector<8xf32>
    })mlir";
  run(store, 5);
  EXPECT_THAT(std::vector<float>(y.begin(), y.begin() + 8),
              ElementsAre(1, -1, 3, -1, 5, -1, -1, -1));
  EXPECT_EQ(errorOfRun(store, 4),
            "kernel @k, block (0, 0, 0): thread (0, 0, 0) writes 4 bytes out "
            "of bounds: 0 bytes behind the end of %y, which has 16");
  std::string load = lanes + R"mlir(
    scf.if %first {
      %v = vector.maskedload %y[%c0], %mask, %off
          : memref<64xf32>, vector<8xi1>, vector<8xf32> into vector<8xf32>
      vector.store %v, %x[%c0] : memref<64xf32>, vector<8xf32>
    })mlir";
  run(load, 5);
  EXPECT_THAT(std::vector<float>(x.begin(), x.begin() + 8),
              ElementsAre(-1, -2, -1, -2, -1, -2, -2, -2));
  EXPECT_THAT(errorOfRun(load, 4), HasSubstr("reads 4 bytes out of bounds"));
}

// The first three elements are read, or written.
TEST_P(AnnounceAccesses, PackedAccesses) {
  std::string lanes = R"mlir(
    %mask = arith.constant dense<[1, 0, 1, 0, 1, 0, 0, 0]> : vector<8xi1>
    %off = arith.constant dense<-2.0> : vector<8xf32>
  )mlir";
  std::string compress = lanes + R"mlir(
    scf.if %first {
      %v = vector.load %x[%c0] : memref<64xf32>, vector<8xf32>
      vector.compressstore %y[%c0], %mask, %v
          : memref<64xf32>, vector<8xi1>, vector<8xf32>
    })mlir";
  run(compress, 3);
  EXPECT_THAT(std::vector<float>(y.begin(), y.begin() + 4),
              ElementsAre(1, 3, 5, -1));
  EXPECT_THAT(errorOfRun(compress, 2), HasSubstr("writes 12 bytes out of"));
  std::string expand = lanes + R"mlir(
    scf.if %first {
      %v = vector.expandload %y[%c0], %mask, %off
          : memref<64xf32>, vector<8xi1>, vector<8xf32> into vector<8xf32>
      vector.store %v, %x[%c0] : memref<64xf32>, vector<8xf32>
    })mlir";
  run(expand, 3);
  EXPECT_THAT(errorOfRun(expand, 2), HasSubstr("reads 12 bytes out of"));
}

TEST_P(AnnounceAccesses, GathersAndScatters) {
  std::string lanes = R"mlir(
    %mask = arith.constant dense<[1, 1, 0, 1]> : vector<4xi1>
    %index = arith.constant dense<[7, 0, 60, 3]> : vector<4xindex>
    %off = arith.constant dense<-2.0> : vector<4xf32>
  )mlir";
  std::string scatter = lanes + R"mlir(
    scf.if %first {
      %v = vector.load %x[%c0] : memref<64xf32>, vector<4xf32>
      vector.scatter %y[%c0] [%index], %mask, %v
          : memref<64xf32>, vector<4xindex>, vector<4xi1>, vector<4xf32>
    })mlir";
  run(scatter, 8);
  EXPECT_THAT(std::vector<float>(y.begin(), y.begin() + 8),
              ElementsAre(2, -1, -1, 4, -1, -1, -1, 1));
  EXPECT_EQ(y[60], -1.0f);
  EXPECT_THAT(errorOfRun(scatter, 7), HasSubstr("writes 4 bytes out of"));
  std::string gather = lanes + R"mlir(
    scf.if %first {
      %v = vector.gather %y[%c0] [%index], %mask, %off
          : memref<64xf32>, vector<4xindex>, vector<4xi1>, vector<4xf32>
            into vector<4xf32>
      vector.store %v, %x[%c0] : memref<64xf32>, vector<4xf32>
    })mlir";
  run(gather, 8);
  EXPECT_THAT(errorOfRun(gather, 7), HasSubstr("reads 4 bytes out of"));
}

TEST_P(AnnounceAccesses, WideVectors) {
  std::string body = R"mlir(
    scf.if %first {
      %v = vector.load %x[%c0] : memref<64xf32>, vector<32xf32>
      vector.store %v, %y[%c4] : memref<64xf32>, vector<32xf32>
    })mlir";
  run(body, 36);
  EXPECT_EQ(y[35], 32.0f);
  EXPECT_THAT(errorOfRun(body, 35),
              HasSubstr("writes 128 bytes out of bounds: from byte 16 of %y, "
                        "which has 140"));
}

// All threads load one element, always and first: not what loads a kernel's
// arguments.
TEST_P(AnnounceAccesses, WhatAllThreadsLoad) {
  std::string body = R"mlir(
    %v = memref.load %y[%c0] : memref<64xf32>
    memref.store %v, %x[%t] : memref<64xf32>
  )mlir";
  run(body);
  EXPECT_THAT(errorOfRun(body, 0), HasSubstr("reads 4 bytes out of bounds"));
}

// What cannot be announced is not compiled.
TEST_P(AnnounceAccesses, RefusesWhatItDoesNotKnow) {
  auto errorOfCompiling = [&](const std::string &body,
                              const std::string &declarations) {
    LoweredGpu lowered(kernelThat(body, declarations), GetParam());
    return errorOf([&] { EmulatedModule module(lowered.kernels()); });
  };
  EXPECT_THAT(errorOfCompiling("llvm.call @outside(%py) : (!llvm.ptr) -> ()",
                               "llvm.func @outside(!llvm.ptr)"),
              ::testing::AllOf(
                  HasSubstr("kernel @k: the emulator cannot see what this does "
                            "to memory:"),
                  HasSubstr("@outside(ptr"),
                  HasSubstr("expected loads, stores, masked ones, memset")));
  EXPECT_THAT(errorOfCompiling(R"mlir(
    %mask = arith.constant dense<true> : vector<4xi1>
    %length = llvm.mlir.constant(2 : i32) : i32
    %v = arith.constant dense<1.0> : vector<4xf32>
    "llvm.intr.vp.store"(%v, %py, %mask, %length)
        : (vector<4xf32>, !llvm.ptr, vector<4xi1>, i32) -> ()
  )mlir",
                               ""),
              HasSubstr("@llvm.vp.store"));
}

// More than all stack of a fiber in one frame: it must not step over the guard.
TEST_P(AnnounceAccesses, NamesAnOverflowOfTheStack) {
  std::string body = R"mlir(
    %n = llvm.mlir.constant(100000 : i32) : i32
    %own = llvm.alloca %n x f32 : (i32) -> !llvm.ptr<SPACE>
    %w = arith.index_cast %t : index to i32
    %place = llvm.getelementptr %own[%w]
        : (!llvm.ptr<SPACE>, i32) -> !llvm.ptr<SPACE>, f32
    llvm.store volatile %one, %place : f32, !llvm.ptr<SPACE>
  )mlir";
  bool isAmd = std::string(GetParam()).starts_with("gfx");
  for (size_t at; (at = body.find("<SPACE>")) != std::string::npos;)
    body.replace(at, 7, isAmd ? "<5>" : "");
  EXPECT_EXIT(
      {
        alarm(60);
        std::cerr << errorOfRun(body, 64);
        std::_Exit(1);
      },
      ::testing::ExitedWithCode(1),
      HasSubstr("kernel @k, block (0, 0, 0): thread (0, 0, 0) overflows its "
                "stack of 32 KB"));
}

INSTANTIATE_TEST_SUITE_P(Chips, AnnounceAccesses,
                         ::testing::Values("sm_90", "gfx942"));

} // namespace
