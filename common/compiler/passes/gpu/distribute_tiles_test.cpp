//===- distribute_tiles_test.cpp - Products by matrix units -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/codegen/gpu_codegen.h"
#include "device/emulator/emulator.h"
#include "reference/values.h"
#include "support/error.h"
#include "testing/lowered_gpu.h"
#include "testing/run_pipeline.h"

#include <gmock/gmock.h>

#include <bit>

using namespace gpt2;
using namespace gpt2::testing;
using ::testing::HasSubstr;
using ::testing::Not;

namespace {

/// c = f * (2 + a * b), and for b whose columns are rows, for one subgroup; a
/// is at row 16 and column 8 of what it is in, c at row 3. The factors come
/// from shared memory or from the device's.
std::string productText(bool transposed, bool shared, unsigned lanes) {
  std::string text = R"mlir(
#left = affine_map<(m, n, k) -> (m, k)>
#right = affine_map<(m, n, k) -> RIGHT>
#sum = affine_map<(m, n, k) -> (m, n)>
#workgroup = #gpu.address_space<workgroup>
gpu.module @kernels {
  gpu.func @product(%a: memref<32x24xbf16>, %b: memref<16x16xbf16>,
                    %f: memref<16x1xf32>, %c: memref<20x16xf32>)
      workgroup(%sa: memref<32x24xbf16, #workgroup>,
                %sb: memref<16x16xbf16, #workgroup>)
      kernel attributes {known_block_size = array<i32: LANES, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c3 = arith.constant 3 : index
    %c8 = arith.constant 8 : index
    %c16 = arith.constant 16 : index
    %c24 = arith.constant 24 : index
    %c32 = arith.constant 32 : index
    %lane = gpu.thread_id x
    %copies_a = arith.cmpi ult, %lane, %c32 : index
    scf.if %copies_a {
      scf.for %j = %c0 to %c24 step %c1 {
        %v = memref.load %a[%lane, %j] : memref<32x24xbf16>
        memref.store %v, %sa[%lane, %j] : memref<32x24xbf16, #workgroup>
      }
    }
    %copies_b = arith.cmpi ult, %lane, %c16 : index
    scf.if %copies_b {
      scf.for %j = %c0 to %c16 step %c1 {
        %v = memref.load %b[%lane, %j] : memref<16x16xbf16>
        memref.store %v, %sb[%lane, %j] : memref<16x16xbf16, #workgroup>
      }
    }
    gpu.barrier
    %two = arith.constant dense<2.0> : vector<16x16xf32>
    %x = vector.load %A[%c16, %c8] : memref<32x24xbf16SPACE>, vector<16x16xbf16>
    %y = vector.load %B[%c0, %c0] : memref<16x16xbf16SPACE>, vector<16x16xbf16>
    %z = vector.contract {indexing_maps = [#left, #right, #sum],
        iterator_types = ["parallel", "parallel", "reduction"]} %x, %y, %two
        : vector<16x16xbf16>, vector<16x16xbf16> into vector<16x16xf32>
    %rows = vector.load %f[%c0, %c0] : memref<16x1xf32>, vector<16x1xf32>
    %factor = vector.broadcast %rows : vector<16x1xf32> to vector<16x16xf32>
    %scaled = arith.mulf %factor, %z : vector<16x16xf32>
    vector.store %scaled, %c[%c3, %c0] : memref<20x16xf32>, vector<16x16xf32>
    gpu.return
  }
}
)mlir";
  for (auto [what, with] :
       std::initializer_list<std::pair<std::string, std::string>>{
           {"RIGHT", transposed ? "(n, k)" : "(k, n)"},
           {"LANES", std::to_string(lanes)},
           {"%A", shared ? "%sa" : "%a"},
           {"%B", shared ? "%sb" : "%b"},
           {"SPACE", shared ? ", #workgroup" : ""},
           {"SPACE", shared ? ", #workgroup" : ""}})
    text.replace(text.find(what), what.size(), with);
  return text;
}

/// It with the chip's instructions.
std::string lowered(const std::string &text, const GpuTarget &target) {
  return runPipeline(text, "gpu.module(distribute-tiles{chip=" + target.chip +
                               "}, convert-nvgpu-to-nvvm)");
}

uint16_t bf16(float value) { return std::bit_cast<uint32_t>(value) >> 16; }
float f32(uint16_t bits) {
  return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
}

struct OnUnit : ::testing::TestWithParam<const char *> {};

// The compiler says which lane reads what, the emulator what the instruction
// does with it: two accounts of the vendors' manuals.
TEST_P(OnUnit, MultipliesTiles) {
  GpuTarget target = GpuTarget::of(GetParam());
  for (auto [transposed, shared] :
       {std::pair(false, false), {true, false}, {false, true}, {true, true}}) {
    std::vector<uint16_t> a, b;
    for (float value : randomValues(32 * 24))
      a.push_back(bf16(value));
    for (float value : randomValues(16 * 16))
      b.push_back(bf16(value));
    std::vector<float> f = randomValues(16), c(20 * 16, -1);
    LoweredGpu kernels(
        lowered(productText(transposed, shared, target.subgroupSize()), target),
        target.chip);
    EmulatedModule module(kernels.kernels());
    KernelArguments arguments;
    arguments.add(reinterpret_cast<float *>(a.data()), {32, 24});
    arguments.add(reinterpret_cast<float *>(b.data()), {16, 16});
    arguments.add(f.data(), {16, 1});
    arguments.add(c.data(), {20, 16});
    Emulator emulator(target.subgroupSize());
    emulator.registerBuffer(a.data(), 2 * a.size(), "a");
    emulator.registerBuffer(b.data(), 2 * b.size(), "b");
    emulator.registerBuffer(f.data(), 4 * f.size(), "f");
    emulator.registerBuffer(c.data(), 4 * c.size(), "c");
    emulator.launch(module.kernel("product"), {1}, {target.subgroupSize()},
                    arguments.pointers());
    for (int row = 0; row < 20; ++row)
      for (int column = 0; column < 16; ++column) {
        double expected = -1;
        if (int m = row - 3; m >= 0 && m < 16) {
          expected = 2;
          for (int k = 0; k < 16; ++k)
            expected +=
                double{f32(a[(16 + m) * 24 + 8 + k])} *
                f32(transposed ? b[column * 16 + k] : b[k * 16 + column]);
          expected *= f[m];
        }
        EXPECT_NEAR(c[row * 16 + column], expected, 1e-4)
            << row << ", " << column;
      }
  }
}

TEST_P(OnUnit, TakesTheChipsInstruction) {
  GpuTarget target = GpuTarget::of(GetParam());
  LoweredGpu kernels(
      lowered(productText(false, true, target.subgroupSize()), target),
      target.chip);
  std::string code =
      generateGpuCode(kernels.kernels(), target, GpuCode::Assembly);
  EXPECT_THAT(code,
              HasSubstr(target.vendor == GpuVendor::Nvidia
                            ? "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16"
                        : target.subgroupSize() == 64
                            ? "v_mfma_f32_16x16x16"
                            : "v_wmma_f32_16x16x16_bf16"));
  if (target.vendor == GpuVendor::Nvidia) {
    EXPECT_THAT(code, HasSubstr("ldmatrix.sync.aligned.m8n8.x4.shared"));
    EXPECT_THAT(code, HasSubstr("ldmatrix.sync.aligned.m8n8.x4.trans.shared"));
  }
  EXPECT_THAT(code, Not(HasSubstr("scratch_store")));
}

INSTANTIATE_TEST_SUITE_P(Chips, OnUnit,
                         ::testing::Values("sm_80", "sm_90", "gfx90a", "gfx942",
                                           "gfx1100", "gfx1151"),
                         [](const auto &info) {
                           return std::string(info.param);
                         });

} // namespace
