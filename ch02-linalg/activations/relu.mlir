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
  %y = linalg.generic {
      indexing_maps = [affine_map<(t, c) -> (t, c)>,
                       affine_map<(t, c) -> (t, c)>],
      iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<?x?xf32>) outs(%empty : tensor<?x?xf32>) {
  ^bb0(%v: f32, %out: f32):
    %result = arith.maximumf %v, %zero : f32
    linalg.yield %result : f32
  } -> tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}
