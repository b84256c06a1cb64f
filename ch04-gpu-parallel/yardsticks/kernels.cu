//===- kernels.cu - Three of chapter 4's kernels by hand ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// LayerNorm, causal softmax and the product as one writes them in CUDA C++, or
// in HIP, from the same file: yardsticks for what MLIR emits. The mappings to
// blocks and threads are those of the chapter's *.mlir files, so that what
// differs is the compiler.
//
//===----------------------------------------------------------------------===//
#ifdef __HIP__
#include <hip/hip_runtime.h>
#endif

namespace {

/// The value of the lane whose number differs in the bits of `mask`.
__device__ float shuffleXor(float value, int mask) {
#ifdef __HIP__
  return __shfl_xor(value, mask);
#else
  return __shfl_xor_sync(0xffffffff, value, mask);
#endif
}

__device__ float sumOfLanes(float value) {
  for (int mask = 1; mask < warpSize; mask *= 2)
    value += shuffleXor(value, mask);
  return value;
}

__device__ float maxOfLanes(float value) {
  for (int mask = 1; mask < warpSize; mask *= 2)
    value = fmaxf(value, shuffleXor(value, mask));
  return value;
}

} // namespace

/// y = (x - mean) / sqrt(variance + 1e-5) * gain + bias; x, y (T, C). Blocks of
/// (warpSize, 4), a warp a row.
extern "C" __global__ void layernorm(float *__restrict__ y,
                                     const float *__restrict__ x,
                                     const float *__restrict__ gain,
                                     const float *__restrict__ bias, int T,
                                     int C) {
  int t = blockIdx.x * blockDim.y + threadIdx.y;
  if (t >= T)
    return;
  x += static_cast<size_t>(t) * C;
  y += static_cast<size_t>(t) * C;
  float sum = 0;
  for (int c = threadIdx.x; c < C; c += warpSize)
    sum += x[c];
  float mean = sumOfLanes(sum) / C;
  float squares = 0;
  for (int c = threadIdx.x; c < C; c += warpSize)
    squares += (x[c] - mean) * (x[c] - mean);
  float scale = rsqrtf(sumOfLanes(squares) / C + 1e-5f);
  for (int c = threadIdx.x; c < C; c += warpSize)
    y[c] = (x[c] - mean) * scale * gain[c] + bias[c];
}

/// Each row i of scores (H, T, T), up to i, becomes its softmax. Blocks of
/// (warpSize, 4), a warp a row; the grid's y is the head.
extern "C" __global__ void softmax(float *__restrict__ scores, int T) {
  int i = blockIdx.x * blockDim.y + threadIdx.y;
  if (i >= T)
    return;
  float *row = scores + (static_cast<size_t>(blockIdx.y) * T + i) * T;
  float largest = -INFINITY;
  for (int j = threadIdx.x; j <= i; j += warpSize)
    largest = fmaxf(largest, row[j]);
  largest = maxOfLanes(largest);
  float sum = 0;
  for (int j = threadIdx.x; j <= i; j += warpSize) {
    row[j] = expf(row[j] - largest);
    sum += row[j];
  }
  float share = 1 / sumOfLanes(sum);
  for (int j = threadIdx.x; j <= i; j += warpSize)
    row[j] *= share;
}

/// y = x w + b; x (T, K), w (K, N), y (T, N). Blocks of (16, 8) make 32 x 64 of
/// y, threads 4 x 4 of these: rows y, y + 8, y + 16, y + 24, columns 4x to
/// 4x + 3.
extern "C" __global__ void linear(float *__restrict__ y,
                                  const float *__restrict__ x,
                                  const float *__restrict__ w,
                                  const float *__restrict__ b, int T, int K,
                                  int N) {
  __shared__ float xTile[32][32];
  __shared__ float4 wTile[32][16];
  int firstT = blockIdx.y * 32, firstN = blockIdx.x * 64;
  int thread = threadIdx.y * 16 + threadIdx.x;
  float sums[4][4] = {};
  for (int firstK = 0; firstK < K; firstK += 32) {
    for (int i = thread; i < 32 * 32; i += 128) {
      int t = firstT + i / 32, k = firstK + i % 32;
      xTile[i / 32][i % 32] =
          t < T && k < K ? x[static_cast<size_t>(t) * K + k] : 0;
    }
    for (int i = thread; i < 32 * 64; i += 128) {
      int k = firstK + i / 64, n = firstN + i % 64;
      reinterpret_cast<float *>(wTile[i / 64])[i % 64] =
          k < K && n < N ? w[static_cast<size_t>(k) * N + n] : 0;
    }
    __syncthreads();
    for (int k = 0; k < 32; ++k) {
      float4 wk = wTile[k][threadIdx.x];
#pragma unroll
      for (int r = 0; r < 4; ++r) {
        float xk = xTile[threadIdx.y + 8 * r][k];
        sums[r][0] += xk * wk.x;
        sums[r][1] += xk * wk.y;
        sums[r][2] += xk * wk.z;
        sums[r][3] += xk * wk.w;
      }
    }
    __syncthreads();
  }
#pragma unroll
  for (int r = 0; r < 4; ++r)
#pragma unroll
    for (int c = 0; c < 4; ++c) {
      int t = firstT + threadIdx.y + 8 * r, n = firstN + 4 * threadIdx.x + c;
      if (t < T && n < N)
        y[static_cast<size_t>(t) * N + n] = sums[r][c] + b[n];
    }
}
