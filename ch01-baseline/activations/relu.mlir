// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// y = max(x, 0), element by element: in the place of gelu.mlir for a model whose
// activation_function is "relu". The skeleton calls it by the same name.
// x (T, C) -> y (T, C)
func.func private @gelu(%x: tensor<?x?xf32>) -> tensor<?x?xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  %T = tensor.dim %x, %c0 : tensor<?x?xf32>
  %C = tensor.dim %x, %c1 : tensor<?x?xf32>
  %empty = tensor.empty(%T, %C) : tensor<?x?xf32>
  %y = scf.for %t = %c0 to %T step %c1
      iter_args(%rows = %empty) -> (tensor<?x?xf32>) {
    %row = scf.for %c = %c0 to %C step %c1
        iter_args(%yt = %rows) -> (tensor<?x?xf32>) {
      %v = tensor.extract %x[%t, %c] : tensor<?x?xf32>
      %out = arith.maximumf %v, %zero : f32
      %ytc = tensor.insert %out into %yt[%t, %c] : tensor<?x?xf32>
      scf.yield %ytc : tensor<?x?xf32>
    }
    scf.yield %row : tensor<?x?xf32>
  }
  return %y : tensor<?x?xf32>
}
