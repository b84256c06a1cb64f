//===- kernels_bench.cpp - Each kernel alone, timed ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Compiled once and linked with each chapter, as the tests are. Shapes are
// those of GPT-2 small with a prompt of 64 tokens; names say which:
// linear/T64/K768/N2304.
//
//===----------------------------------------------------------------------===//
#include "chapter/build.h"
#include "chapter/conformance/tested.h"
#include "compiler/codegen/loaded_archive.h"
#include "reference/values.h"
#include "support/error.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"

#include <benchmark/benchmark.h>

using namespace gpt2;
using gpt2::testing::tested;

namespace {

constexpr int64_t T = 64, H = 12, D = 64, C = H * D, V = 50257;

struct Case {
  std::string kernel, name;
  Sizes sizes;
  /// The entry's arguments, the result's shape first.
  std::vector<std::vector<int64_t>> shapes;
  double multiplyAdds = 0; ///< zero: not what the kernel is about
};

Case linear(int64_t K, int64_t N) {
  return {"linear",
          "linear/T64/K" + std::to_string(K) + "/N" + std::to_string(N),
          {{"T", T}, {"K", K}, {"N", N}},
          {{1, T, N}, {T, K}, {K, N}, {N}},
          static_cast<double>(T * K * N)};
}

std::vector<Case> cases() {
  return {{"layernorm",
           "layernorm/T64/C768",
           {{"T", T}, {"C", C}},
           {{1, T, C}, {T, C}, {C}, {C}}},
          linear(C, 3 * C),
          linear(C, C),
          linear(C, 4 * C),
          linear(4 * C, C),
          // Half of the scores are masked.
          {"attention",
           "attention/T64/H12/D64",
           {{"T", T}, {"H", H}, {"D", D}},
           {{1, T, H, D}, {T, 3, H, D}},
           static_cast<double>(T * (T + 1) * C)},
          {"gelu",
           "gelu/T64/C3072",
           {{"T", T}, {"C", 4 * C}},
           {{1, T, 4 * C}, {T, 4 * C}}},
          {"logits",
           "logits/C768/V50257",
           {{"C", C}, {"V", V}, {"T", 1}},
           tested().chapter.keepsCache()
               ? std::vector<std::vector<int64_t>>{{1, 1, V}, {1, C}, {V, C}}
               : std::vector<std::vector<int64_t>>{{1, V}, {C}, {V, C}},
           static_cast<double>(V * C)}};
}

/// Says of an entry's arguments that they do not overlap. In the model a
/// kernel's result is a temporary, of which LLVM knows that; of a caller's
/// pointers it does not, and would keep sums in memory.
struct SeparateArguments
    : mlir::PassWrapper<SeparateArguments,
                        mlir::OperationPass<mlir::LLVM::LLVMFuncOp>> {
  void runOnOperation() override {
    mlir::LLVM::LLVMFuncOp function = getOperation();
    if (!function.isExternal())
      for (mlir::BlockArgument argument : function.getArguments())
        if (mlir::isa<mlir::LLVM::LLVMPointerType>(argument.getType()))
          function.setArgAttr(argument.getArgNumber(), "llvm.noalias",
                              mlir::UnitAttr::get(&getContext()));
  }
};

Executable compile(const Case &which) {
  CompileRequest request =
      kernelRequest({tested().chapter, which.sizes}, which.kernel);
  // The logits are the caller's in the model, too.
  if (which.kernel != "logits")
    request.stages.append(
        {Stage::named("separate", [](mlir::OpPassManager &pm) {
          pm.addNestedPass<mlir::LLVM::LLVMFuncOp>(
              std::make_unique<SeparateArguments>());
        })});
  return load(compileToObject(request).bytes);
}

/// Compiles one kernel for one case, and calls it until the time is known.
void run(benchmark::State &state, const Case &which) {
  Executable program = compile(which);
  std::vector<std::vector<float>> tensors;
  std::vector<MemRef> arguments;
  for (const std::vector<int64_t> &shape : which.shapes) {
    int64_t count = 1;
    for (int64_t size : shape)
      count *= size;
    // The same in each run: some kernels' speed depends on values.
    tensors.push_back(randomValues(static_cast<size_t>(count)));
    MemRef tensor(tensors.back().data(), shape);
    arguments.push_back(tensor.at(
        program.device().share(tensor.data(), tensor.bytes(), "a tensor")));
  }
  std::string entry = "test_" + which.kernel;
  program.call(entry, arguments); // pages are touched, code is loaded
  for (auto _ : state)
    program.call(entry, arguments);
  if (which.multiplyAdds > 0)
    state.counters["multiply_adds"] = benchmark::Counter(
        which.multiplyAdds, benchmark::Counter::kIsIterationInvariantRate);
}

} // namespace

int main(int argc, char **argv) {
  return exitCodeOf(tested().chapter.name + "-bench", [&] {
    for (const Case &which : cases())
      // Of a cache, attention's time depends on how far it is filled.
      if (which.kernel != "attention" || !tested().chapter.keepsCache())
        benchmark::RegisterBenchmark(which.name.c_str(), run, which)
            ->Unit(benchmark::kMicrosecond);
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv))
      return 1;
    benchmark::RunSpecifiedBenchmarks();
    return 0;
  });
}
