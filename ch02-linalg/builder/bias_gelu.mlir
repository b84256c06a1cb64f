// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// y[t, c] = gelu(x[t, c] + b[c]): the text that bias_gelu.cpp builds.
// x (T, C), b (C) -> y (T, C)
func.func @bias_gelu(
    %x: tensor<?x?xf32>, %b: tensor<?xf32>) -> tensor<?x?xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %T = tensor.dim %x, %c0 : tensor<?x?xf32>
  %C = tensor.dim %x, %c1 : tensor<?x?xf32>
  %half = arith.constant 0.5 : f32
  %one = arith.constant 1.0 : f32
  %cubic = arith.constant 0.044715 : f32
  %sqrt_2_over_pi = arith.constant 0.797884561 : f32
  %empty = tensor.empty(%T, %C) : tensor<?x?xf32>
  %y = linalg.generic {
      indexing_maps = [affine_map<(t, c) -> (t, c)>, affine_map<(t, c) -> (c)>,
                       affine_map<(t, c) -> (t, c)>],
      iterator_types = ["parallel", "parallel"]}
      ins(%x, %b : tensor<?x?xf32>, tensor<?xf32>)
      outs(%empty : tensor<?x?xf32>) {
  ^bb0(%element: f32, %bias: f32, %out: f32):
    %v = arith.addf %element, %bias : f32
    %v2 = arith.mulf %v, %v : f32
    %v3 = arith.mulf %v2, %v : f32
    %bend = arith.mulf %cubic, %v3 : f32
    %bent = arith.addf %v, %bend : f32
    %scaled = arith.mulf %sqrt_2_over_pi, %bent : f32
    %tanh = math.tanh %scaled : f32
    %gate = arith.addf %one, %tanh : f32
    %hv = arith.mulf %half, %v : f32
    %result = arith.mulf %hv, %gate : f32
    linalg.yield %result : f32
  } -> tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}
