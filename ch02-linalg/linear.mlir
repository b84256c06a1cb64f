// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// y[t, n] = b[n] + sum over k of x[t, k] * w[k, n]
// x (T, K), w (K, N), b (N) -> y (T, N)
// What is computed, and nothing of how: the order of the three loops is not here.
func.func private @linear(
    %x: tensor<?x?xf32>, %w: tensor<?x?xf32>,
    %b: tensor<?xf32>) -> tensor<?x?xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %T = tensor.dim %x, %c0 : tensor<?x?xf32>
  %N = tensor.dim %w, %c1 : tensor<?x?xf32>
  %empty = tensor.empty(%T, %N) : tensor<?x?xf32>
  %bias = linalg.broadcast ins(%b : tensor<?xf32>)
      outs(%empty : tensor<?x?xf32>) dimensions = [0]
  %y = linalg.matmul ins(%x, %w : tensor<?x?xf32>, tensor<?x?xf32>)
      outs(%bias : tensor<?x?xf32>) -> tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}
