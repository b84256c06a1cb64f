// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// y = 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))), element by element:
// the tanh approximation (Hendrycks & Gimpel 2016) that GPT-2 was trained with.
// x (T, C) -> y (T, C)
func.func private @gelu(%x: tensor<?x?xf32>) -> tensor<?x?xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %half = arith.constant 0.5 : f32
  %one = arith.constant 1.0 : f32
  %cubic = arith.constant 0.044715 : f32
  %sqrt_2_over_pi = arith.constant 0.797884561 : f32
  %T = tensor.dim %x, %c0 : tensor<?x?xf32>
  %C = tensor.dim %x, %c1 : tensor<?x?xf32>
  %empty = tensor.empty(%T, %C) : tensor<?x?xf32>
  %y = linalg.generic {
      indexing_maps = [affine_map<(t, c) -> (t, c)>,
                       affine_map<(t, c) -> (t, c)>],
      iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<?x?xf32>) outs(%empty : tensor<?x?xf32>) {
  ^bb0(%v: f32, %out: f32):
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
