//===- main.cpp - ch04-yardsticks: MLIR's kernels beside hand-written ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "chapter/build.h"
#include "compiler/codegen/loaded_archive.h"
#include "declaration.h"
#include "device/choose_device.h"
#include "device/gpu/gpu_device.h"
#include "reference/comparison.h"
#include "reference/reference.h"
#include "reference/values.h"
#include "run/self_check.h"
#include "support/error.h"
#include "support/files.h"

#include <cmath>
#include <cstdio>
#include <iostream>

namespace {

using namespace gpt2;

// GPT-2 small, 64 tokens; the MLP's first product.
constexpr int T = 64, C = 768, K = 768, N = 3072, H = 12, D = 64;
constexpr int launches = 50; ///< of each kernel, timed

/// A tensor of the host's, on `device`.
struct OnDevice {
  OnDevice(Device &device, std::vector<float> &values)
      : memory(allocateOn(device, values.size() * sizeof(float), "a tensor")),
        address(memory.get()) {
    device.copy(address, values.data(), values.size() * sizeof(float));
  }
  DeviceMemory memory;
  void *address;
};

/// What a launch of `kernel` took on average.
double microseconds(const Device &device, const std::string &kernel) {
  for (const KernelTime &time : device.times())
    if (time.kernel == kernel)
      return time.seconds / static_cast<double>(time.launches) * 1e6;
  fail("kernel @", kernel, " was not launched");
}

void row(const char *name, double mlir, double byHand, double difference,
         double tolerance) {
  std::printf("%-12s %12.2f %12.2f %8.2f %14.2g %10.2g\n", name, mlir, byHand,
              mlir / byHand, difference, tolerance);
}

int run() {
  Build build(ch04_gpu_parallel::chapter(), Sizes{{"T", T},
                                                  {"C", C},
                                                  {"K", K},
                                                  {"N", N},
                                                  {"H", H},
                                                  {"D", D},
                                                  {"V", C},
                                                  {"P", T}});
  build.target.kernelsFor = KernelsFor::Gpu;
  auto kernels = [](const Build &build) {
    return load(compileToObject(kernelRequest(build)).bytes);
  };
  std::optional<Executable> mlir;
  DeviceChoice choice = chooseDevice("", [&](const std::string &chip) {
    build.target.gpu = GpuTarget::of(chip);
    Executable check = kernels(build.forSizes(selfCheckSizes()));
    selfCheck(check);
  });
  if (choice.chip.empty())
    fail("yardsticks are for a GPU. ", choice.reasons);
  bool isNvidia = build.target.gpu.vendor == GpuVendor::Nvidia;
  const char *file = isNvidia ? YARDSTICKS_PTX : YARDSTICKS_HSACO;
  if (!*file)
    fail("the yardsticks were not built: there was no ",
         isNvidia ? "nvcc (LOWERING_CUDA)" : "hipcc (LOWERING_HIP)");
  std::string image = readFile(file);
  GpuDevice byHand(isNvidia ? openCuda() : openHip(), image.c_str());
  mlir.emplace(kernels(build));
  Device &device = mlir->device();
  std::cout << byHand.describe() << ", " << build.target.gpu.chip << "\n";
  std::printf("%-12s %12s %12s %8s %14s %10s\n", "kernel", "MLIR, us",
              "by hand, us", "ratio", "difference", "tolerance");
  unsigned lanes = build.target.gpu.subgroupSize();
  int t = T, c = C, k = K, n = N;

  auto x = randomValues(T * C, 1, 1), gain = randomValues(C, 1, 2),
       bias = randomValues(C, 1, 3);
  std::vector<float> y(T * C);
  auto time = [&](const std::string &kernel, Dim3 grid, Dim3 block,
                  std::vector<void *> arguments) {
    byHand.launch(kernel, grid, block, arguments.data());
    byHand.synchronize();
    byHand.startTiming();
    for (int i = 0; i < launches; ++i)
      byHand.launch(kernel, grid, block, arguments.data());
    byHand.synchronize();
  };
  auto timeEntry = [&](const std::string &entry,
                       std::vector<std::vector<float> *> tensors,
                       std::vector<std::vector<int64_t>> shapes) {
    std::vector<OnDevice> held;
    std::vector<MemRef> arguments;
    for (size_t i = 0; i < tensors.size(); ++i) {
      held.emplace_back(device, *tensors[i]);
      arguments.push_back(
          MemRef(tensors[i]->data(), shapes[i]).at(held.back().address));
    }
    mlir->call(entry, arguments);
    device.startTiming();
    for (int i = 0; i < launches; ++i)
      mlir->call(entry, arguments);
    device.copy(tensors[0]->data(), held[0].address,
                tensors[0]->size() * sizeof(float));
  };

  {
    OnDevice dy(byHand, y), dx(byHand, x), dg(byHand, gain), db(byHand, bias);
    time("layernorm", {(T + 3) / 4}, {lanes, 4},
         {&dy.address, &dx.address, &dg.address, &db.address, &t, &c});
    byHand.copy(y.data(), dy.address, y.size() * sizeof(float));
    reference::Vector expected = reference::layernorm(inDouble(x), gain, bias);
    double tolerance = sumTolerance(C + 10, std::max(1.0, largestOf(expected)));
    Comparison comparison = compare(y, expected, tolerance);
    if (!comparison.within)
      fail("the hand-written layernorm: ", comparison.describe(tolerance));
    timeEntry("test_layernorm", {&y, &x, &gain, &bias},
              {{1, T, C}, {T, C}, {C}, {C}});
    row("layernorm", microseconds(device, "layernorm"),
        microseconds(byHand, "layernorm"), comparison.largest, tolerance);
  }
  {
    auto w = randomValues(K * N, 1, 4), b = randomValues(N, 1, 5);
    std::vector<float> z(T * N);
    OnDevice dz(byHand, z), dx(byHand, x), dw(byHand, w), db(byHand, b);
    time("linear", {(N + 63) / 64, (T + 31) / 32}, {16, 8},
         {&dz.address, &dx.address, &dw.address, &db.address, &t, &k, &n});
    byHand.copy(z.data(), dz.address, z.size() * sizeof(float));
    double tolerance = sumTolerance(K + 1, K / 4.0 + 1);
    Comparison comparison =
        compare(z, reference::linear(inDouble(x), w, b), tolerance);
    if (!comparison.within)
      fail("the hand-written linear: ", comparison.describe(tolerance));
    timeEntry("test_linear", {&z, &x, &w, &b},
              {{1, T, N}, {T, K}, {K, N}, {N}});
    row("linear", microseconds(device, "linear"),
        microseconds(byHand, "linear"), comparison.largest, tolerance);
  }
  {
    // attention_1 is chapter 4's softmax; by hand, rows of equal scores.
    auto qkv = randomValues(T * 3 * C, 1, 6);
    std::vector<float> z(T * C), scores(H * T * T, 1.0f);
    OnDevice ds(byHand, scores);
    time("softmax", {(T + 3) / 4, H}, {lanes, 4}, {&ds.address, &t});
    byHand.copy(scores.data(), ds.address, scores.size() * sizeof(float));
    double largest = 0;
    for (int i = 0; i < T; ++i)
      largest = std::max(
          largest,
          std::abs(scores[static_cast<size_t>(i * T + i / 2)] - 1.0 / (i + 1)));
    double tolerance = sumTolerance(T, 1);
    if (!(largest <= tolerance))
      fail("the hand-written softmax is off by ", largest);
    timeEntry("test_attention", {&z, &qkv}, {{1, T, H, D}, {T, 3, H, D}});
    row("softmax", microseconds(device, "attention_1"),
        microseconds(byHand, "softmax"), largest, tolerance);
  }
  return 0;
}

} // namespace

int main() { return exitCodeOf("ch04-yardsticks", run); }
