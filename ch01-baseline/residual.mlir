// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// x[t, c] += y[t, c], into x itself: the residual stream has one buffer.
// x (T, C), y (T, C) -> x (T, C)
func.func private @residual(
    %x: tensor<?x?xf32>, %y: tensor<?x?xf32>) -> tensor<?x?xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %T = tensor.dim %x, %c0 : tensor<?x?xf32>
  %C = tensor.dim %x, %c1 : tensor<?x?xf32>
  %sum = scf.for %t = %c0 to %T step %c1
      iter_args(%rows = %x) -> (tensor<?x?xf32>) {
    %row = scf.for %c = %c0 to %C step %c1
        iter_args(%xt = %rows) -> (tensor<?x?xf32>) {
      %old = tensor.extract %xt[%t, %c] : tensor<?x?xf32>
      %change = tensor.extract %y[%t, %c] : tensor<?x?xf32>
      %new = arith.addf %old, %change : f32
      %xtc = tensor.insert %new into %xt[%t, %c] : tensor<?x?xf32>
      scf.yield %xtc : tensor<?x?xf32>
    }
    scf.yield %row : tensor<?x?xf32>
  }
  return %sum : tensor<?x?xf32>
}
