//===- emulated_module_test.cpp - Kernels for GPUs, run on the emulator ===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/codegen/gpu_codegen.h"
#include "testing/lowered_gpu.h"
#include "testing/test_files.h"

#include <gmock/gmock.h>

#include <cmath>

using namespace gpt2;
using gpt2::testing::blockSums;
using gpt2::testing::errorOf;
using gpt2::testing::KernelArguments;
using gpt2::testing::LoweredGpu;
using ::testing::HasSubstr;

namespace {

class OnChip : public ::testing::TestWithParam<const char *> {};

TEST_P(OnChip, ReducesOverABlock) {
  LoweredGpu lowered(blockSums, GetParam());
  EmulatedModule module(lowered.kernels());
  Emulator emulator(lowered.target.subgroupSize(), 2);
  std::vector<float> x(3 * 256), y(3, NAN);
  for (size_t i = 0; i < x.size(); ++i)
    x[i] =
        -6 - 0.01f * static_cast<float>(i % 100) - static_cast<float>(i / 256);
  KernelArguments arguments;
  arguments.add(x.data(), {3, 256});
  arguments.add(y.data(), {3});
  emulator.registerBuffer(x.data(), 4 * x.size(), "%x");
  emulator.registerBuffer(y.data(), 4 * y.size(), "%y");
  emulator.launch(module.kernel("sums"), {3}, {256}, arguments.pointers());
  for (int row = 0; row < 3; ++row) {
    double sum = 0;
    for (int i = 0; i < 256; ++i)
      sum += std::exp(double{x[row * 256 + i]});
    EXPECT_NEAR(y[row], std::tanh(sum), 1e-6);
  }
  EXPECT_THAT(errorOf([&] { (void)module.kernel("nosuch"); }),
              HasSubstr("there is no kernel 'nosuch'; there are: sums"));
  // A block too many reads behind the end.
  EXPECT_THAT(errorOf([&] {
                emulator.launch(module.kernel("sums"), {4}, {256},
                                arguments.pointers());
              }),
              HasSubstr("kernel @sums, block (3, 0, 0): thread (0, 0, 0) reads "
                        "4 bytes out of bounds: 0 bytes behind the end of %x"));
}

// exp and tanh by exp2, beside libm's in double precision.
TEST_P(OnChip, ComputesFunctions) {
  LoweredGpu lowered(R"mlir(
gpu.module @kernels {
  gpu.func @functions(%x: memref<256xf32>, %y: memref<4x256xf32>)
      kernel attributes {known_block_size = array<i32: 256, 1, 1>} {
    %t = gpu.thread_id x
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c3 = arith.constant 3 : index
    %v = memref.load %x[%t] : memref<256xf32>
    %exp = math.exp %v : f32
    %tanh = math.tanh %v : f32
    %square = arith.mulf %v, %v : f32
    %sqrt = math.sqrt %square : f32
    %rsqrt = math.rsqrt %square : f32
    memref.store %exp, %y[%c0, %t] : memref<4x256xf32>
    memref.store %tanh, %y[%c1, %t] : memref<4x256xf32>
    memref.store %sqrt, %y[%c2, %t] : memref<4x256xf32>
    memref.store %rsqrt, %y[%c3, %t] : memref<4x256xf32>
    gpu.return
  }
})mlir",
                     GetParam());
  EmulatedModule module(lowered.kernels());
  std::vector<float> x(256), y(4 * 256, NAN);
  for (int i = 0; i < 256; ++i)
    x[i] = static_cast<float>(i - 127.5) * 0.6f; // -76.5 to 76.5
  KernelArguments arguments;
  arguments.add(x.data(), {256});
  arguments.add(y.data(), {4, 256});
  Emulator emulator(lowered.target.subgroupSize());
  emulator.registerBuffer(x.data(), 4 * x.size(), "%x");
  emulator.registerBuffer(y.data(), 4 * y.size(), "%y");
  emulator.launch(module.kernel("functions"), {1}, {256}, arguments.pointers());
  for (int i = 0; i < 256; ++i) {
    double v = x[i], exp = std::exp(v);
    // The product with log2 e rounds to 2^-24 of up to 110.
    EXPECT_NEAR(y[i], exp, 110 * 0x1p-23 * exp);
    EXPECT_NEAR(y[256 + i], std::tanh(v), 0x1p-22);
    EXPECT_NEAR(y[512 + i], std::abs(v), 0x1p-23 * std::abs(v));
    EXPECT_NEAR(y[768 + i], 1 / std::abs(v), 0x1p-22 / std::abs(v));
  }
}

// Thread t writes word t and reads that of its neighbour.
std::string neighbours(const std::string &between) {
  return R"mlir(
gpu.module @kernels {
  gpu.func @neighbours(%y: memref<64xf32>)
      workgroup(%s: memref<64xf32, #gpu.address_space<workgroup>>)
      kernel attributes {known_block_size = array<i32: 64, 1, 1>} {
    %t = gpu.thread_id x
    %c1 = arith.constant 1 : index
    %c64 = arith.constant 64 : index
    %i = arith.index_cast %t : index to i32
    %v = arith.sitofp %i : i32 to f32
    memref.store %v, %s[%t] : memref<64xf32, #gpu.address_space<workgroup>>
)mlir" + between +
         R"mlir(
    %next = arith.addi %t, %c1 : index
    %wrapped = arith.remui %next, %c64 : index
    %r = memref.load %s[%wrapped] : memref<64xf32, #gpu.address_space<workgroup>>
    memref.store %r, %y[%t] : memref<64xf32>
    gpu.return
  }
})mlir";
}

TEST_P(OnChip, SeesRacesAndDivergence) {
  std::vector<float> y(64, NAN);
  KernelArguments arguments;
  arguments.add(y.data(), {64});
  auto launch = [&](const std::string &between) {
    LoweredGpu lowered(neighbours(between), GetParam());
    EmulatedModule module(lowered.kernels());
    Emulator emulator(lowered.target.subgroupSize());
    emulator.registerBuffer(y.data(), 256, "%y");
    emulator.launch(module.kernel("neighbours"), {1}, {64},
                    arguments.pointers());
  };
  launch("gpu.barrier");
  for (int i = 0; i < 64; ++i)
    EXPECT_EQ(y[i], (i + 1) % 64);
  EXPECT_THAT(errorOf([&] { launch(""); }), HasSubstr("a race"));
  // One thread alone at a barrier, the others past it.
  EXPECT_THAT(errorOf([&] {
                launch(R"mlir(
    gpu.barrier
    %alone = arith.cmpi ult, %t, %c1 : index
    scf.if %alone { gpu.barrier })mlir");
              }),
              HasSubstr("divergent barrier: thread (0, 0, 0) waits at a "
                        "barrier, and thread (1, 0, 0) has ended"));
}

INSTANTIATE_TEST_SUITE_P(Chips, OnChip,
                         ::testing::Values("sm_80", "sm_90", "gfx942",
                                           "gfx1100", "gfx1151"));

} // namespace
