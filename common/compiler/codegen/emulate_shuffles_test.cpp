//===- emulate_shuffles_test.cpp - Shuffles of every mode and width ----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/codegen/gpu_codegen.h"
#include "testing/lowered_gpu.h"

#include <gmock/gmock.h>

#include <string>

using namespace gpt2;
using gpt2::testing::KernelArguments;
using gpt2::testing::LoweredGpu;

namespace {

/// One shuffle: what lane `lane` gets, if lane i gives i.
struct Shuffle {
  const char *mode;
  unsigned offset, width;
};

class Shuffles : public ::testing::TestWithParam<const char *> {};

// The first `width` lanes of a subgroup take part (gpu.shuffle's contract).
// What comes from behind their ends is not defined, but whether there was a
// lane is. Not "up" within fewer than 32: upstream's lowering for NVIDIA gives
// it a clamp under which PTX finds no lane.
TEST_P(Shuffles, ReadOtherLanes) {
  for (Shuffle shuffle : {Shuffle{"xor", 1, 32},
                          {"xor", 16, 32},
                          {"xor", 5, 8},
                          {"down", 3, 32},
                          {"down", 3, 16},
                          {"up", 3, 32},
                          {"idx", 9, 32},
                          {"idx", 9, 16}}) {
    std::string text = R"mlir(
gpu.module @kernels {
  gpu.func @shuffle(%y: memref<64xi32>, %z: memref<64xi32>)
      kernel attributes {known_block_size = array<i32: 64, 1, 1>} {
    %t = gpu.thread_id x
    %i = arith.index_cast %t : index to i32
    %offset = arith.constant )mlir" +
                       std::to_string(shuffle.offset) + R"mlir( : i32
    %width = arith.constant )mlir" +
                       std::to_string(shuffle.width) + R"mlir( : i32
    %takes_part = arith.cmpi ult, %i, %width : i32
    scf.if %takes_part {
      %v, %there = gpu.shuffle )mlir" +
                       shuffle.mode + R"mlir( %i, %offset, %width : i32
      memref.store %v, %y[%t] : memref<64xi32>
      %w = arith.extui %there : i1 to i32
      memref.store %w, %z[%t] : memref<64xi32>
    }
    gpu.return
  }
})mlir";
    SCOPED_TRACE(std::string(shuffle.mode) + " by " +
                 std::to_string(shuffle.offset) + " within " +
                 std::to_string(shuffle.width));
    LoweredGpu lowered(text, GetParam());
    EmulatedModule module(lowered.kernels());
    Emulator emulator(lowered.target.subgroupSize());
    std::vector<int32_t> y(64, -1), z(64, -1);
    KernelArguments arguments;
    arguments.add(y.data(), {64});
    arguments.add(z.data(), {64});
    emulator.registerBuffer(y.data(), 256, "%y");
    emulator.registerBuffer(z.data(), 256, "%z");
    emulator.launch(module.kernel("shuffle"), {1}, {64}, arguments.pointers());
    int offset = static_cast<int>(shuffle.offset);
    int width = static_cast<int>(shuffle.width);
    for (int lane = 0; lane < width; ++lane) {
      std::string mode = shuffle.mode;
      int from = mode == "xor"    ? lane ^ offset
                 : mode == "down" ? lane + offset
                 : mode == "up"   ? lane - offset
                                  : offset;
      bool isThere = from >= 0 && from < width;
      // Upstream's lowering for AMD compares with the upper end only.
      if (mode != "up" || lowered.target.vendor == GpuVendor::Nvidia) {
        EXPECT_EQ(z[lane], isThere) << "lane " << lane;
      }
      if (isThere) {
        EXPECT_EQ(y[lane], from) << "lane " << lane;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Chips, Shuffles,
                         ::testing::Values("sm_80", "sm_90", "gfx942",
                                           "gfx1100", "gfx1151"));

} // namespace
