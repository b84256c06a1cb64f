//===- main.cpp - ch07-steps: a step by the programs that could take it -===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Times steps of some sizes by the general program, and by one whose blocks
// have the step's own rows. Google Benchmark takes them in turn.
//
//===----------------------------------------------------------------------===//
#include "chapter/specializer.h"
#include "compiler/codegen/codegen.h"
#include "compiler/compile.h"
#include "declaration.h"
#include "device/host_device.h"
#include "model/checkpoint/checkpoint.h"
#include "run/sequence.h"
#include "support/error.h"

#include <benchmark/benchmark.h>

#include <array>
#include <cstdlib>
#include <map>
#include <numeric>

namespace {

using namespace gpt2;

/// Tokens that each text of a step has behind it: of a short conversation.
constexpr int64_t context = 128;

/// What is compiled, and the weights as it wants them.
struct Compiled {
  Compiled(const Build &build, const Checkpoint &checkpoint, int64_t texts)
      : program(compileAndLoad(compileRequest(build)).program),
        weights(checkpoint.load({})), forward(program, weights, texts) {}

  Executable program;
  Weights weights;
  Forward forward;
};

std::vector<int32_t> someIds(int64_t count) {
  std::vector<int32_t> ids(static_cast<size_t>(count));
  std::iota(ids.begin(), ids.end(), 5);
  return ids;
}

/// A token for each of `width` texts.
void timeStep(benchmark::State &state, Forward &forward, int64_t width) {
  std::vector<Sequence> texts;
  std::vector<Sequence *> all;
  for (int64_t i = 0; i < width; ++i)
    texts.emplace_back(forward).extend(someIds(context));
  for (Sequence &text : texts)
    all.push_back(&text);
  std::vector<int32_t> tokens = someIds(width);
  for (auto _ : state) {
    Batch(forward).extendAndChoose(all, tokens);
    state.PauseTiming();
    for (Sequence &text : texts)
      text.truncate(context);
    state.ResumeTiming();
  }
}

int run(int argc, char **argv) {
  benchmark::Initialize(&argc, argv);
  if (argc != 4)
    fail("usage: ch07-steps MODEL f32|bf16|int8 THREADS [--benchmark_...]");
  std::unique_ptr<Checkpoint> checkpoint = Checkpoint::open(argv[1]);
  Build general =
      Build(ch07_specialize::chapter()).forModel(checkpoint->config());
  static const std::map<std::string, ElementType> formats{
      {"f32", ElementType::F32},
      {"bf16", ElementType::BF16},
      {"int8", ElementType::I8}};
  if (!formats.contains(argv[2]))
    fail("weights in ", argv[2], "; expected f32, bf16 or int8");
  general.formats.weights = formats.at(argv[2]);
  int threads = std::atoi(argv[3]);
  if (threads < 1 || threads > availableThreads())
    fail(argv[3], " threads; expected 1 to ", availableThreads());
  useThreads(threads);

  constexpr std::array<int64_t, 9> widths{1, 2, 3, 4, 6, 8, 10, 12, 16};
  std::vector<std::unique_ptr<Compiled>> kept;
  auto compile = [&](const Build &build, int64_t texts) -> Forward & {
    kept.push_back(std::make_unique<Compiled>(build, *checkpoint, texts));
    return kept.back()->forward;
  };
  Forward &any = compile(general, widths.back());
  for (int64_t width : widths) {
    Build own = general;
    own.stepTokens = width;
    for (auto [name, forward] :
         {std::pair("general", &any), {"own_rows", &compile(own, width)}})
      benchmark::RegisterBenchmark(
          ("step/" + std::to_string(width) + "/" + name).c_str(),
          [forward, width](benchmark::State &state) {
            timeStep(state, *forward, width);
          })
          ->Unit(benchmark::kMillisecond)
          ->UseRealTime();
  }
  benchmark::AddCustomContext("arguments", std::string(argv[1]) + " " +
                                               argv[2] + " " + argv[3]);
  benchmark::AddCustomContext("cpu", hostCpu().name);
  benchmark::AddCustomContext("rows", std::to_string(rowsOfABlock(general)));
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}

} // namespace

int main(int argc, char **argv) {
  return exitCodeOf("ch07-steps", [&] { return run(argc, argv); });
}
