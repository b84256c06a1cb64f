//===- gpu_program_test.cpp - A host program that launches -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "device/emulator/emulated_device.h"
#include "testing/lowered_gpu.h"
#include "testing/test_files.h"

#include <gmock/gmock.h>

#include <numeric>

using namespace gpt2;
using gpt2::testing::errorOf;
using gpt2::testing::LoweredGpu;
using ::testing::HasSubstr;

namespace {

/// A function that launches three times: y = x + x, a block a row.
const char *program = R"mlir(
func.func @twice(%x: memref<?x4xf32>, %y: memref<?x4xf32>)
    attributes {llvm.emit_c_interface} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %c4 = arith.constant 4 : index
  %n = memref.dim %x, %c0 : memref<?x4xf32>
  scf.for %i = %c0 to %c3 step %c1 {
    gpu.launch blocks(%bx, %by, %bz) in (%gx = %n, %gy = %c1, %gz = %c1)
        threads(%tx, %ty, %tz) in (%sx = %c4, %sy = %c1, %sz = %c1) {
      %v = memref.load %x[%bx, %tx] : memref<?x4xf32>
      %w = arith.addf %v, %v : f32
      memref.store %w, %y[%bx, %tx] : memref<?x4xf32>
      gpu.terminator
    }
  }
  return
})mlir";

TEST(GpuProgram, LaunchesOnTheCurrentDevice) {
  LoweredGpu lowered(program, "sm_90", /*hasHost=*/true);
  EmulatedModule kernels(lowered.kernels());
  EmulatedDevice device(kernels.kernels(), 32, 2);
  EXPECT_THAT(device.describe(), HasSubstr("subgroups of 32, on 2 threads"));
  LoadedArchive host = lowered.host();
  std::vector<float> values(4 * 70);
  std::iota(values.begin(), values.end(), -9.0f);
  size_t bytes = 4 * values.size();
  auto *x = static_cast<float *>(device.allocate(bytes, "%x"));
  auto *y = static_cast<float *>(device.allocate(bytes, "%y"));
  device.copy(x, values.data(), bytes);
  auto run = [&](int64_t rows) {
    std::vector<MemRef> arguments = {MemRef(x, {rows, 4}),
                                     MemRef(y, {rows, 4})};
    host.call("twice", arguments);
    device.synchronize();
  };
  {
    Device::Use use(device);
    run(70);
    std::vector<float> result(values.size());
    device.copy(result.data(), y, bytes);
    for (size_t i = 0; i < values.size(); ++i)
      EXPECT_EQ(result[i], 2 * values[i]);
    // A row too many: told once, and then all is well again.
    EXPECT_THAT(errorOf([&] { run(71); }),
                HasSubstr("block (70, 0, 0): thread (0, 0, 0) reads 4 bytes "
                          "out of bounds: 0 bytes behind the end of %x, which "
                          "has 1120"));
    run(70);
  }
  EXPECT_THAT(errorOf([] { (void)Device::current(); }),
              HasSubstr("there is no device"));
  EXPECT_THAT(errorOf([&] { device.allocate(size_t{1} << 60, "%z"); }),
              HasSubstr("no memory for %z"));
  device.free(x);
  device.free(y);
}

} // namespace
