// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// y = x / 2 (1 + erf(x / sqrt(2))), element by element: in the place of gelu.mlir
// for a model whose activation_function is "gelu". The skeleton calls it by the
// same name. With z = |x| / sqrt(2) and u = 1 / (1 + 0.3275911 z),
//   1 - erf(z) = u (a1 + u (a2 + u (a3 + u (a4 + u a5)))) exp(-z^2)
// to 1.5e-7 (Abramowitz & Stegun 1964, 7.1.26); of a negative x, erf is -erf(z).
// x (T, C) -> y (T, C)
func.func private @gelu(%x: tensor<?x?xf32>) -> tensor<?x?xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  %half = arith.constant 0.5 : f32
  %one = arith.constant 1.0 : f32
  %two = arith.constant 2.0 : f32
  %rsqrt_2 = arith.constant 0.707106781 : f32
  %p = arith.constant 0.3275911 : f32
  %a1 = arith.constant 0.254829592 : f32
  %a2 = arith.constant -0.284496736 : f32
  %a3 = arith.constant 1.421413741 : f32
  %a4 = arith.constant -1.453152027 : f32
  %a5 = arith.constant 1.061405429 : f32
  %T = tensor.dim %x, %c0 : tensor<?x?xf32>
  %C = tensor.dim %x, %c1 : tensor<?x?xf32>
  %empty = tensor.empty(%T, %C) : tensor<?x?xf32>
  %y = linalg.generic {
      indexing_maps = [affine_map<(t, c) -> (t, c)>,
                       affine_map<(t, c) -> (t, c)>],
      iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<?x?xf32>) outs(%empty : tensor<?x?xf32>) {
  ^bb0(%v: f32, %out: f32):
    %size = math.absf %v : f32
    %z = arith.mulf %size, %rsqrt_2 : f32
    %pz = arith.mulf %p, %z : f32
    %below = arith.addf %one, %pz : f32
    %u = arith.divf %one, %below : f32
    %p5 = arith.mulf %a5, %u : f32
    %p4 = arith.addf %a4, %p5 : f32
    %p4t = arith.mulf %p4, %u : f32
    %p3 = arith.addf %a3, %p4t : f32
    %p3t = arith.mulf %p3, %u : f32
    %p2 = arith.addf %a2, %p3t : f32
    %p2t = arith.mulf %p2, %u : f32
    %p1 = arith.addf %a1, %p2t : f32
    %p1t = arith.mulf %p1, %u : f32
    %zz = arith.mulf %z, %z : f32
    %minus = arith.subf %zero, %zz : f32
    %exp = math.exp %minus : f32
    %tail = arith.mulf %p1t, %exp : f32 // 1 - erf(z), what is left of one side
    %other = arith.subf %two, %tail : f32
    %is_negative = arith.cmpf olt, %v, %zero : f32
    %gate = arith.select %is_negative, %tail, %other : f32
    %hv = arith.mulf %half, %v : f32
    %result = arith.mulf %hv, %gate : f32
    linalg.yield %result : f32
  } -> tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}
