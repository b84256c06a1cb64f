//===- gpu_codegen_test.cpp - Kernels for GPUs, run on the emulator -----===//
#include "compiler/codegen.h"
#include "compiler/gpu_codegen.h"
#include "compiler/passes.h"
#include "device/emulated_device.h"
#include "model/files.h"
#include "testing/test_files.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/GPU/Transforms/Passes.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Target/LLVMIR/Dialect/All.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Target/TargetMachine.h"

#include <gmock/gmock.h>

#include <cmath>
#include <numeric>

using namespace gpt2;
using ::testing::HasSubstr;
using ::testing::Not;

namespace {

/// A module lowered for a chip.
class Lowered {
public:
  /// With `hasHost`, the module has functions that launch.
  Lowered(const std::string &text, const std::string &chip,
          bool hasHost = false)
      : target(GpuTarget::of(chip)), context(registry()),
        module(mlir::parseSourceString<mlir::ModuleOp>(text, &context)) {
    mlir::PassManager pm(&context);
    if (hasHost)
      pm.addPass(mlir::createGpuKernelOutliningPass());
    addGpuLowering(pm, target);
    if (hasHost) {
      pm.addPass(mlir::createSCFToControlFlowPass());
      pm.addPass(mlir::createGpuToLLVMConversionPass());
      pm.addPass(createLowerGpuLaunches());
      pm.addPass(mlir::createReconcileUnrealizedCastsPass());
    }
    if (!module || failed(pm.run(*module)))
      throw Error("the test's module could not be lowered");
  }

  mlir::gpu::GPUModuleOp kernels() {
    return *module->getOps<mlir::gpu::GPUModuleOp>().begin();
  }

  /// The functions; their kernels are gone after that.
  Program host() {
    kernels().erase();
    llvm::LLVMContext llvmContext;
    auto machine = createHostTargetMachine();
    auto ir = translateAndOptimize(*module, llvmContext, *machine, 2);
    return Program(generateCode(*ir, *machine, Code::Object), deviceSymbols());
  }

  const GpuTarget target;

private:
  static mlir::DialectRegistry registry() {
    mlir::DialectRegistry registry;
    mlir::registerAllDialects(registry);
    mlir::registerAllExtensions(registry);
    mlir::registerAllToLLVMIRTranslations(registry);
    return registry;
  }

  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

// Each 32 lanes sum their part of a row, and the first thread the eight sums.
const char *sums = R"mlir(
gpu.module @kernels {
  gpu.func @sums(%x: memref<3x256xf32>, %y: memref<3xf32>)
      workgroup(%s: memref<8xf32, #gpu.address_space<workgroup>>)
      kernel attributes {known_block_size = array<i32: 256, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c32 = arith.constant 32 : index
    %zero = arith.constant 0.0 : f32
    %t = gpu.thread_id x
    %row = gpu.block_id x
    %threads = gpu.block_dim x
    %v = memref.load %x[%row, %t] : memref<3x256xf32>
    %e = math.exp %v : f32
    %part = gpu.subgroup_reduce add %e cluster(size = 32) : (f32) -> f32
    %which = arith.divui %t, %c32 : index
    %lane = arith.remui %t, %c32 : index
    %leads = arith.cmpi eq, %lane, %c0 : index
    scf.if %leads {
      memref.store %part, %s[%which]
          : memref<8xf32, #gpu.address_space<workgroup>>
    }
    gpu.barrier
    %first = arith.cmpi eq, %t, %c0 : index
    scf.if %first {
      %parts = arith.divui %threads, %c32 : index
      %sum = scf.for %i = %c0 to %parts step %c1 iter_args(%a = %zero) -> (f32) {
        %p = memref.load %s[%i] : memref<8xf32, #gpu.address_space<workgroup>>
        %b = arith.addf %a, %p : f32
        scf.yield %b : f32
      }
      %r = math.tanh %sum : f32
      memref.store %r, %y[%row] : memref<3xf32>
    }
    gpu.return
  }
})mlir";

/// A kernel's arguments: the words of memrefs' descriptors, one by one.
class Arguments {
public:
  void add(float *data, const std::vector<int64_t> &shape) {
    MemRef memref(data, shape);
    auto *word = static_cast<int64_t *>(memref.descriptor());
    words.insert(words.end(), word, word + 3 + 2 * shape.size());
  }
  void **pointers() {
    all.clear();
    for (int64_t &word : words)
      all.push_back(&word);
    return all.data();
  }

private:
  std::vector<int64_t> words;
  std::vector<void *> all;
};

class OnChip : public ::testing::TestWithParam<const char *> {};
class OnNvidia : public OnChip {};

TEST_P(OnChip, ReducesOverABlock) {
  Lowered lowered(sums, GetParam());
  EmulatedModule module(lowered.kernels());
  Emulator emulator(lowered.target.subgroupSize(), 2);
  std::vector<float> x(3 * 256), y(3, NAN);
  for (size_t i = 0; i < x.size(); ++i)
    x[i] =
        -6 - 0.01f * static_cast<float>(i % 100) - static_cast<float>(i / 256);
  Arguments arguments;
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
  EXPECT_THAT(gpt2::testing::errorOf([&] { (void)module.kernel("nosuch"); }),
              HasSubstr("there is no kernel 'nosuch'; there are: sums"));
  // A block too many reads behind the end.
  EXPECT_THAT(gpt2::testing::errorOf([&] {
                emulator.launch(module.kernel("sums"), {4}, {256},
                                arguments.pointers());
              }),
              HasSubstr("kernel @sums, block (3, 0, 0): thread (0, 0, 0) reads "
                        "4 bytes out of bounds: 0 bytes behind the end of %x"));
}

TEST_P(OnChip, CompilesToAssemblyWithoutALibrary) {
  Lowered lowered(sums, GetParam());
  std::string text =
      generateGpuCode(lowered.kernels(), lowered.target, GpuCode::Assembly);
  EXPECT_THAT(text, HasSubstr("sums"));
  if (lowered.target.vendor == GpuVendor::Nvidia) {
    EXPECT_THAT(text, HasSubstr("shfl.sync.bfly.b32"));
    EXPECT_THAT(text, HasSubstr("ex2.approx"));
    EXPECT_THAT(text, Not(HasSubstr("__nv_")));
  } else {
    EXPECT_THAT(text, HasSubstr("s_barrier"));
    EXPECT_THAT(text, HasSubstr("v_exp_f32"));
    EXPECT_THAT(text, Not(HasSubstr("__ocml_")));
    std::string object =
        generateGpuCode(lowered.kernels(), lowered.target, GpuCode::Object);
    EXPECT_EQ(object.substr(0, 4), "\x7f"
                                   "ELF");
  }
}

// exp and tanh by exp2, beside libm's in double precision.
TEST_P(OnChip, ComputesFunctions) {
  Lowered lowered(R"mlir(
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
  Arguments arguments;
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
  Lowered lowered(program, "sm_90", /*hasHost=*/true);
  EmulatedModule kernels(lowered.kernels());
  EmulatedDevice device(
      [&](const std::string &name) -> const EmulatedKernel & {
        return kernels.kernel(name);
      },
      32, 2);
  EXPECT_THAT(device.describe(), HasSubstr("subgroups of 32, on 2 threads"));
  Program host = lowered.host();
  std::vector<float> values(4 * 70);
  std::iota(values.begin(), values.end(), -9.0f);
  size_t bytes = 4 * values.size();
  auto *x = static_cast<float *>(device.allocate(bytes, "%x"));
  auto *y = static_cast<float *>(device.allocate(bytes, "%y"));
  device.copy(x, values.data(), bytes);
  auto run = [&](int64_t rows) {
    std::vector<MemRef> arguments = {MemRef(x, {rows, 4}),
                                     MemRef(y, {rows, 4})};
    host.entry("twice")(arguments);
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
    EXPECT_THAT(gpt2::testing::errorOf([&] { run(71); }),
                HasSubstr("block (70, 0, 0): thread (0, 0, 0) reads 4 bytes "
                          "out of bounds: 0 bytes behind the end of %x, which "
                          "has 1120"));
    run(70);
  }
  EXPECT_THAT(gpt2::testing::errorOf([] { (void)Device::current(); }),
              HasSubstr("there is no device"));
  EXPECT_THAT(
      gpt2::testing::errorOf([&] { device.allocate(size_t{1} << 60, "%z"); }),
      HasSubstr("no memory for %z"));
  device.free(x);
  device.free(y);
}

// With CUDA's assembler at hand, what we emit is assembled by it.
TEST_P(OnNvidia, IsAssembledByPtxas) {
  if (std::system("ptxas --version >/dev/null 2>&1") != 0)
    GTEST_SKIP() << "there is no ptxas on the PATH";
  Lowered lowered(sums, GetParam());
  gpt2::testing::TemporaryDirectory directory;
  writeFile(
      directory / "k.ptx",
      {generateGpuCode(lowered.kernels(), lowered.target, GpuCode::Assembly)});
  auto result = gpt2::testing::runProgram(
      "ptxas", {"-v", "-arch", GetParam(), (directory / "k.ptx").string(), "-o",
                (directory / "k.cubin").string()});
  EXPECT_EQ(result.exitCode, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("0 bytes spill stores"));
  EXPECT_THAT(result.err, HasSubstr("32 bytes smem"));
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
  Arguments arguments;
  arguments.add(y.data(), {64});
  auto launch = [&](const std::string &between) {
    Lowered lowered(neighbours(between), GetParam());
    EmulatedModule module(lowered.kernels());
    Emulator emulator(lowered.target.subgroupSize());
    emulator.registerBuffer(y.data(), 256, "%y");
    emulator.launch(module.kernel("neighbours"), {1}, {64},
                    arguments.pointers());
  };
  launch("gpu.barrier");
  for (int i = 0; i < 64; ++i)
    EXPECT_EQ(y[i], (i + 1) % 64);
  EXPECT_THAT(gpt2::testing::errorOf([&] { launch(""); }), HasSubstr("a race"));
  // One thread alone at a barrier, the others past it.
  EXPECT_THAT(gpt2::testing::errorOf([&] {
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

INSTANTIATE_TEST_SUITE_P(Chips, OnNvidia, ::testing::Values("sm_80", "sm_90"));

TEST(GpuTarget, KnowsChips) {
  EXPECT_EQ(GpuTarget::of("sm_90").subgroupSize(), 32u);
  EXPECT_EQ(GpuTarget::of("gfx942").subgroupSize(), 64u);
  EXPECT_EQ(GpuTarget::of("gfx1151").subgroupSize(), 32u);
  EXPECT_THAT(gpt2::testing::errorOf([] { (void)GpuTarget::of("h200"); }),
              HasSubstr("unknown chip 'h200'"));
}

} // namespace
