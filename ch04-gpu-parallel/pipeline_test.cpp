//===- pipeline_test.cpp - What chapter 4's program looks like ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "chapter/conformance/on_this_gpu.h"
#include "compiler/codegen/gpu_codegen.h"
#include "compiler/inspect/pass_trace.h"
#include "compiler/pipeline/session.h"
#include "model/checkpoint/checkpoint.h"
#include "model/sampler.h"
#include "support/files.h"
#include "support/paths.h"
#include "testing/gpu_assembly.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

#include <gmock/gmock.h>

#include <regex>
#include <set>

using namespace gpt2;
using namespace gpt2::testing;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

namespace {

Build buildFor(const std::string &chip, const Config &config = Config(),
               ElementType weights = ElementType::F32) {
  Build build(tested().chapter, config);
  build.target.gpu = GpuTarget::of(chip);
  build.formats.weights = weights;
  return build;
}

CompileRequest requestFor(const std::string &chip) {
  return compileRequest(buildFor(chip));
}

/// The program behind the stage `last`.
struct Compiled : Session {
  Compiled(const CompileRequest &request, StageKind last) : Session(request) {
    run(request.stages.upTo(last));
  }

  template <typename Op> std::vector<Op> all() {
    std::vector<Op> found;
    module().walk([&](Op op) { found.push_back(op); });
    return found;
  }
};

std::string textOf(mlir::Operation *op) {
  std::string text;
  llvm::raw_string_ostream(text) << *op;
  return text;
}

TEST(Pipeline, LaunchesKernelsAndNothingElse) {
  Compiled program(requestFor("sm_90"), StageKind::Launches);
  // In the layer loop: two layernorms, four products (which do gelu and two
  // residuals as well), attention's three. Outside: embedding, layernorm,
  // logits; and the most likely token.
  EXPECT_EQ(program.all<mlir::gpu::LaunchOp>().size(), 3u + 9 + 1);
  // Memory is the caller's and the arena's, and the host touches none of it.
  EXPECT_THAT(program.all<mlir::memref::AllocOp>(), IsEmpty());
  EXPECT_THAT(program.all<mlir::memref::CopyOp>(), IsEmpty());
  for (auto load : program.all<mlir::memref::LoadOp>())
    EXPECT_TRUE(load->getParentOfType<mlir::gpu::LaunchOp>()) << textOf(load);
}

TEST(Pipeline, ReducesWithShuffles) {
  // Six sums and maxima of rows, of five shuffles each.
  Compiled warps(requestFor("sm_90"), StageKind::Nvvm);
  size_t reductions = 3 * 2 + 2 + 1;
  EXPECT_EQ(warps.all<mlir::NVVM::ShflOp>().size(), 5 * reductions);
}

TEST(Pipeline, KernelsCallNothing) {
  for (const char *chip : {"sm_90", "gfx942"}) {
    bool isNvidia = std::string(chip) == "sm_90";
    Compiled program(requestFor(chip),
                     isNvidia ? StageKind::Nvvm : StageKind::Rocdl);
    for (auto call : program.all<mlir::LLVM::CallOp>())
      ADD_FAILURE() << chip << ": " << textOf(call);
    for (auto function : program.all<mlir::LLVM::LLVMFuncOp>())
      EXPECT_FALSE(function.isExternal()) << chip << ": " << textOf(function);
  }
}

TEST(Pipeline, NoPassIsIdleForOtherChipsAndWeights) {
  Config config = Checkpoint::open(paths::embeddedModel())->config();
  Build build = buildFor("gfx942", config, ElementType::BF16);
  for (const PassRun &run : tracePasses(compileRequest(build)))
    EXPECT_FALSE(run.isIdle()) << run.stage << ": " << run.pass;
}

TEST(Pipeline, CodeObjectsTellWhatKernelsNeed) {
  for (std::string chip : {"gfx942", "gfx1100", "gfx1151"}) {
    CompileRequest request = requestFor(chip);
    Compiled program(request, StageKind::Rocdl);
    std::string image = gpuImageOf(
        program.all<mlir::gpu::GPUModuleOp>().front(), request.target.gpu);
    ASSERT_EQ(image.substr(0, 4), "\x7f"
                                  "ELF");
    TemporaryDirectory directory;
    writeFile(directory / "kernels.hsaco", {image});
    ProgramResult notes = runProgram(
        LLVM_TOOLS "/llvm-readobj",
        {"--notes", "--file-headers", (directory / "kernels.hsaco").string()});
    ASSERT_EQ(notes.exitCode, 0) << notes.err;
    EXPECT_THAT(notes.out, HasSubstr("amdgcn-amd-amdhsa--" + chip));
    // A shared object: nothing is left to link.
    EXPECT_THAT(notes.out, HasSubstr("SharedObject"));
    auto values = [&](const std::string &key) {
      std::vector<std::string> found;
      std::regex line(key + ": +'?([^\\s']+)");
      for (std::sregex_iterator i(notes.out.begin(), notes.out.end(), line), e;
           i != e; ++i)
        found.push_back((*i)[1]);
      return found;
    };
    EXPECT_EQ(values("\\.symbol").size(), 13u);
    EXPECT_THAT(
        values("\\.wavefront_size"),
        ::testing::Each(std::to_string(request.target.gpu.subgroupSize())));
    EXPECT_THAT(values("\\.vgpr_spill_count"), ::testing::Each("0"));
    EXPECT_THAT(values("\\.sgpr_spill_count"), ::testing::Each("0"));
    EXPECT_THAT(values("\\.private_segment_fixed_size"), ::testing::Each("0"));
    // linear's two tiles.
    EXPECT_THAT(values("\\.group_segment_fixed_size"),
                ::testing::Contains(std::to_string(4 * (32 * 32 + 32 * 64))));
  }
}

#ifdef PTXAS
TEST(Pipeline, AheadOfTimeThereIsMachineCodeToo) {
  CompileRequest request = requestFor("sm_90");
  request.target.kernelsFor = KernelsFor::Gpu;
  EXPECT_THAT(compileToObject(request).bytes, Not(HasSubstr("gpt2_gpu_cubin")));
  request.withCubin = true;
  EXPECT_THAT(compileToObject(request).bytes, HasSubstr("gpt2_gpu_cubin"));
}

TEST(Pipeline, PtxasAssemblesEveryKernelWithoutSpills) {
  for (std::string chip : {"sm_80", "sm_90"}) {
    auto kernels = assembledBy(emit(requestFor(chip), "ptx"), chip);
    EXPECT_EQ(kernels.size(), 13u);
    for (const AssembledKernel &kernel : kernels) {
      EXPECT_GT(kernel.registers, 0) << kernel.name;
      EXPECT_EQ(kernel.stack, 0) << kernel.name;
      EXPECT_EQ(kernel.spillStores, 0) << kernel.name;
      EXPECT_EQ(kernel.spillLoads, 0) << kernel.name;
      RecordProperty(chip + "_" + kernel.name, kernel.registers);
    }
  }
}
#endif

//===----------------------------------------------------------------------===//
// The same model on every chip that the emulator can be.
//===----------------------------------------------------------------------===//

class OnChip : public ::testing::TestWithParam<const char *> {};

TEST_P(OnChip, LogitsAtEveryPosition) {
  for (const Config &config :
       {makeConfig(2, 3, 96, 37, 101), makeConfig(1, 7, 77, 13, 1009),
        makeConfig(1, 1, 1, 1, 2), makeConfig(3, 1, 40, 7, 61)}) {
    Weights weights = randomWeights(config);
    Executable program = compiled(buildFor(GetParam(), config));
    EXPECT_THAT(
        program.device().describe(),
        HasSubstr("subgroups of " +
                  std::to_string(GpuTarget::of(GetParam()).subgroupSize())));
    std::vector<int32_t> tokens = someTokens(config, config.context);
    for (int64_t length : {int64_t{1}, config.context}) {
      std::span<const int32_t> some(tokens.data(), length);
      Comparison comparison =
          compareLogits(logitsOf(program, weights, some, length),
                        reference::forward(weights, some, length), config);
      EXPECT_TRUE(comparison.within) << comparison.describe(0);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Chips, OnChip,
                         ::testing::Values("sm_80", "sm_90", "gfx90a", "gfx942",
                                           "gfx1100", "gfx1151"),
                         [](const auto &info) {
                           return std::string(info.param);
                         });

TEST(Bf16Matrices, AreReadAndNothingElseIsRounded) {
  Config config = makeConfig(2, 3, 96, 21, 101);
  Weights weights = randomWeights(config);
  Weights rounded = randomWeights(config);
  roundMatrices(rounded, ElementType::BF16);
  std::vector<int32_t> tokens = someTokens(config, 21);
  reference::Vector exact = reference::forward(weights, tokens, 21),
                    expected = reference::forward(rounded, tokens, 21);
  for (const char *chip : {"sm_90", "gfx942"}) {
    Executable program = compiled(buildFor(chip, config, ElementType::BF16));
    std::vector<float> logits = logitsOf(program, weights, tokens, 21);
    Comparison comparison = compareLogits(logits, expected, config);
    EXPECT_TRUE(comparison.within) << comparison.describe(0);
    // It would notice if matrices stayed f32, or more than they were rounded.
    EXPECT_FALSE(compareLogits(logits, exact, config).within);
  }
}

//===----------------------------------------------------------------------===//
// The same on the GPU that is here, if there is one.
//===----------------------------------------------------------------------===//

using OnThisGpu = OnThisGpuTest;

TEST_P(OnThisGpu, LogitsAtEveryPosition) {
  for (const Config &config :
       {makeConfig(2, 3, 96, 37, 101), makeConfig(1, 7, 77, 13, 1009),
        makeConfig(1, 1, 1, 1, 2), makeConfig(2, 12, 768, 130, 50257)}) {
    Weights weights = randomWeights(config);
    Weights rounded = randomWeights(config);
    roundMatrices(rounded, GetParam());
    Executable program = compiled(build.forModel(config));
    std::vector<int32_t> tokens = someTokens(config, config.context);
    std::vector<float> logits =
        logitsOf(program, weights, tokens, config.context);
    Comparison comparison = compareLogits(
        logits, reference::forward(rounded, tokens, config.context), config);
    EXPECT_TRUE(comparison.within)
        << program.device().describe() << ": " << comparison.describe(0);
    // The same again: nothing depends on the order in which blocks run.
    EXPECT_EQ(logits, logitsOf(program, weights, tokens, config.context));
  }
}

INSTANTIATE_TEST_SUITE_P(Weights, OnThisGpu,
                         ::testing::Values(ElementType::F32, ElementType::BF16),
                         [](const auto &info) {
                           return std::string(nameOf(info.param));
                         });

TEST(Argmax, IsTheHostsArgmax) {
  for (const char *chip : {"sm_90", "gfx942"})
    for (int64_t V : {1, 2, 1023, 1025, 5000}) {
      Config config = makeConfig(1, 1, 2, 1, V + 1);
      config.vocab = V;
      Executable program = compiled(buildFor(chip, config));
      auto chosen = [&](std::vector<float> logits) {
        int32_t token = -2;
        program.callWithHostTensors(
            "argmax", {MemRef(&token, {1}), MemRef(logits.data(), {V})});
        return token;
      };
      const float infinity = std::numeric_limits<float>::infinity();
      EXPECT_EQ(chosen(std::vector<float>(V, -infinity)), -1);
      for (int64_t step : {1, 7, 1024}) {
        // Few different values, so that many are the largest.
        std::vector<float> logits(V);
        for (int64_t v = 0; v < V; ++v)
          logits[v] = static_cast<float>((v * step + 3) % 11) - 20;
        EXPECT_EQ(chosen(logits), argmax(logits)) << V << " " << step;
        if (V > 1) { // a token that is never chosen
          logits[V - 1] = -infinity;
          EXPECT_EQ(chosen(logits), argmax(logits)) << V << " " << step;
        }
        logits[V - 1] = infinity;
        EXPECT_EQ(chosen(logits), -1);
        logits[V - 1] = 0;
        logits[V / 2] = NAN;
        EXPECT_EQ(chosen(logits), -1);
      }
    }
}

/// The emulator names what a GPU would only suffer, in whole programs too.
TEST(Emulator, NamesAWeightThatIsTooShort) {
  Config config = makeConfig(1, 1, 32, 8, 11);
  Executable program = compiled(buildFor("sm_90", config));
  Config smaller = config;
  smaller.vocab = 9;
  smaller.endOfText = {0};
  Weights weights = randomWeights(smaller);
  std::vector<float> logits(smaller.vocab);
  std::vector<int32_t> tokens = {1};
  gpt2::Forward forward(program, weights);
  EXPECT_THAT(errorOf([&] { forward(tokens, logits); }), HasSubstr("@logits"));
}

} // namespace
