// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// y[t, n] = b[n] + sum over k of x[t, k] * w[k, n]
// x (T, K), w (K, N), b (N) -> y (T, N)
// The dot product walks down a column of w: the next k is N floats away.
func.func private @linear(
    %x: tensor<?x?xf32>, %w: tensor<?x?xf32>,
    %b: tensor<?xf32>) -> tensor<?x?xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %T = tensor.dim %x, %c0 : tensor<?x?xf32>
  %K = tensor.dim %w, %c0 : tensor<?x?xf32>
  %N = tensor.dim %w, %c1 : tensor<?x?xf32>
  %empty = tensor.empty(%T, %N) : tensor<?x?xf32>
  %y = scf.for %t = %c0 to %T step %c1
      iter_args(%rows = %empty) -> (tensor<?x?xf32>) {
    %row = scf.for %n = %c0 to %N step %c1
        iter_args(%yt = %rows) -> (tensor<?x?xf32>) {
      %bias = tensor.extract %b[%n] : tensor<?xf32>
      %dot = scf.for %k = %c0 to %K step %c1 iter_args(%acc = %bias) -> (f32) {
        %xtk = tensor.extract %x[%t, %k] : tensor<?x?xf32>
        %wkn = tensor.extract %w[%k, %n] : tensor<?x?xf32>
        %product = arith.mulf %xtk, %wkn : f32
        %next = arith.addf %acc, %product : f32
        scf.yield %next : f32
      }
      %ytn = tensor.insert %dot into %yt[%t, %n] : tensor<?x?xf32>
      scf.yield %ytn : tensor<?x?xf32>
    }
    scf.yield %row : tensor<?x?xf32>
  }
  return %y : tensor<?x?xf32>
}
