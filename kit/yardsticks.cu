//===- yardsticks.cu - What a GPU can do at most, and what a step costs -===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Compiled where it runs (nvcc -O3 -arch=sm_90), with kernels.cu of chapter 4
// beside it. Prints a JSON object; kit/README.md says what each number is.
//
//===----------------------------------------------------------------------===//
#include "kernels.cu"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <random>
#include <vector>

namespace {

void check(cudaError_t error, const char *what) {
  if (error == cudaSuccess)
    return;
  std::fprintf(stderr, "error: %s: %s\n", what, cudaGetErrorString(error));
  std::exit(1);
}
#define CHECK(call) check(call, #call)

/// The least milliseconds of `runs` runs of `work`, after one that warms up.
template <typename Work> float milliseconds(int runs, const Work &work) {
  cudaEvent_t before, after;
  CHECK(cudaEventCreate(&before));
  CHECK(cudaEventCreate(&after));
  float least = 1e30f;
  for (int run = 0; run <= runs; ++run) {
    CHECK(cudaEventRecord(before));
    work();
    CHECK(cudaEventRecord(after));
    CHECK(cudaEventSynchronize(after));
    CHECK(cudaGetLastError());
    float time = 0;
    CHECK(cudaEventElapsedTime(&time, before, after));
    if (run > 0)
      least = std::min(least, time);
  }
  return least;
}

__global__ void copyAll(float4 *to, const float4 *from, size_t count) {
  size_t stride = size_t{gridDim.x} * blockDim.x;
  for (size_t i = size_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count;
       i += stride)
    to[i] = from[i];
}

/// Reads all, 16 bytes a load, four loads at once in each thread.
__global__ void readAll(float *to, const float4 *from, size_t count) {
  size_t stride = size_t{gridDim.x} * blockDim.x;
  float sum = 0;
#pragma unroll 4
  for (size_t i = size_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count;
       i += stride) {
    float4 v = __ldcg(from + i);
    sum += v.x + v.y + v.z + v.w;
  }
  if (sum == 12345.0f) // never; but the compiler does not know
    *to = sum;
}

/// Each load's address comes of the load before it; L1 is passed by.
__global__ void chase(const unsigned *next, int steps, unsigned *end) {
  unsigned at = *end;
  for (int i = 0; i < steps; ++i)
    at = __ldcg(next + at);
  *end = at;
}

__global__ void nothing() {}

/// All blocks of the grid meet `times` times; they must all run at once.
__global__ void meet(unsigned *arrived, int times) {
  for (int i = 1; i <= times; ++i) {
    __syncthreads();
    if (threadIdx.x == 0) {
      __threadfence();
      atomicAdd(arrived, 1u);
      while (*static_cast<volatile unsigned *>(arrived) < i * gridDim.x)
        ;
      __threadfence();
    }
    __syncthreads();
  }
}

/// Nanoseconds a load, in a ring through `bytes` of memory, a load in each line
/// of 128 bytes, in random order; each run goes on where the one before ended.
double latency(size_t bytes) {
  size_t lines = bytes / 128;
  std::vector<unsigned> order(lines), next(lines * 32);
  std::iota(order.begin(), order.end(), 0u);
  std::shuffle(order.begin() + 1, order.end(), std::mt19937(1));
  for (size_t i = 0; i < lines; ++i)
    next[order[i] * 32] = order[(i + 1) % lines] * 32;
  unsigned *ring, *end;
  CHECK(cudaMalloc(&ring, bytes));
  CHECK(cudaMalloc(&end, sizeof(unsigned)));
  CHECK(cudaMemcpy(ring, next.data(), bytes, cudaMemcpyHostToDevice));
  CHECK(cudaMemset(end, 0, sizeof(unsigned)));
  const int steps = 20000; // once around the small ring, which is in L2 then
  float time = milliseconds(3, [&] { chase<<<1, 1>>>(ring, steps, end); });
  CHECK(cudaFree(ring));
  CHECK(cudaFree(end));
  return time * 1e6 / steps;
}

void print(const char *name, double value, const char *behind = ",") {
  std::printf("  \"%s\": %.6g%s\n", name, value, behind);
}

} // namespace

int main() {
  int device = 0, processors = 0;
  CHECK(cudaGetDevice(&device));
  CHECK(cudaDeviceGetAttribute(&processors, cudaDevAttrMultiProcessorCount,
                               device));
  std::printf("{\n");
  print("processors", processors);

  {
    size_t bytes = size_t{1} << 30, count = bytes / sizeof(float4);
    float4 *from, *to;
    CHECK(cudaMalloc(&from, bytes));
    CHECK(cudaMalloc(&to, bytes));
    CHECK(cudaMemset(from, 0, bytes));
    unsigned blocks = 8 * processors;
    float copied =
        milliseconds(5, [&] { copyAll<<<blocks, 512>>>(to, from, count); });
    float read = milliseconds(5, [&] {
      readAll<<<blocks, 512>>>(reinterpret_cast<float *>(to), from, count);
    });
    print("copy_gb_per_s", 2 * bytes / copied * 1e-6);
    print("read_gb_per_s", bytes / read * 1e-6);
    CHECK(cudaFree(from));
    CHECK(cudaFree(to));
  }
  print("l2_latency_ns", latency(size_t{2} << 20));
  print("dram_latency_ns", latency(size_t{512} << 20));

  {
    const int nodes = 1000;
    cudaStream_t stream;
    cudaGraph_t graph;
    cudaGraphExec_t exec;
    CHECK(cudaStreamCreate(&stream));
    CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
    for (int i = 0; i < nodes; ++i)
      nothing<<<1, 32, 0, stream>>>();
    CHECK(cudaStreamEndCapture(stream, &graph));
    CHECK(cudaGraphInstantiateWithFlags(&exec, graph, 0));
    float graphed =
        milliseconds(5, [&] { CHECK(cudaGraphLaunch(exec, nullptr)); });
    float launched = milliseconds(5, [&] {
      for (int i = 0; i < nodes; ++i)
        nothing<<<1, 32>>>();
    });
    print("graph_node_us", graphed * 1e3 / nodes);
    print("launch_us", launched * 1e3 / nodes);
  }

  {
    unsigned *arrived;
    int times = 1000;
    CHECK(cudaMalloc(&arrived, sizeof(unsigned)));
    void *arguments[] = {&arrived, &times};
    float met = milliseconds(3, [&] {
      CHECK(cudaMemsetAsync(arrived, 0, sizeof(unsigned)));
      CHECK(cudaLaunchCooperativeKernel(reinterpret_cast<void *>(meet),
                                        dim3(processors), dim3(256), arguments,
                                        0, nullptr));
    });
    print("grid_barrier_us", met * 1e3 / times);
  }

  // Chapter 4's kernels by hand: 64 tokens, the MLP's first product.
  const int T = 64, C = 768, N = 3072, H = 12, launches = 50;
  float *x, *w, *y;
  CHECK(cudaMalloc(&x, sizeof(float) * T * N));
  CHECK(cudaMalloc(&w, sizeof(float) * C * N));
  CHECK(cudaMalloc(&y, sizeof(float) * T * N));
  CHECK(cudaMemset(x, 0, sizeof(float) * T * N));
  CHECK(cudaMemset(w, 0, sizeof(float) * C * N));
  CHECK(cudaMemset(y, 0, sizeof(float) * T * N));
  auto each = [&](auto launch) {
    return milliseconds(3,
                        [&] {
                          for (int i = 0; i < launches; ++i)
                            launch();
                        }) *
           1e3 / launches;
  };
  print("layernorm_by_hand_us", each([&] {
          layernorm<<<(T + 3) / 4, dim3(32, 4)>>>(y, x, w, w, T, C);
        }));
  print("softmax_by_hand_us",
        each([&] { softmax<<<dim3((T + 3) / 4, H), dim3(32, 4)>>>(w, T); }));
  print("linear_by_hand_us", each([&] {
          linear<<<dim3((N + 63) / 64, (T + 31) / 32), dim3(16, 8)>>>(
              y, x, w, w, T, C, N);
        }),
        "");
  std::printf("}\n");
  return 0;
}
