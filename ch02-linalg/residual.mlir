// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// x[t, c] += y[t, c], into x itself: the residual stream has one buffer.
// x (T, C), y (T, C) -> x (T, C)
func.func private @residual(
    %x: tensor<?x?xf32>, %y: tensor<?x?xf32>) -> tensor<?x?xf32> {
  %sum = linalg.generic {
      indexing_maps = [affine_map<(t, c) -> (t, c)>,
                       affine_map<(t, c) -> (t, c)>],
      iterator_types = ["parallel", "parallel"]}
      ins(%y : tensor<?x?xf32>) outs(%x : tensor<?x?xf32>) {
  ^bb0(%change: f32, %old: f32):
    %new = arith.addf %old, %change : f32
    linalg.yield %new : f32
  } -> tensor<?x?xf32>
  return %sum : tensor<?x?xf32>
}
