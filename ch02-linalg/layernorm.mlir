// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// y[t, c] = (x[t, c] - mean[t]) / sqrt(variance[t] + 1e-5) * gain[c] + bias[c]
// x (T, C), gain (C), bias (C) -> y (T, C); mean and variance over a row.
#all = affine_map<(t, c) -> (t, c)>
#row = affine_map<(t, c) -> (t)>
#channel = affine_map<(t, c) -> (c)>
func.func private @layernorm(
    %x: tensor<?x?xf32>, %gain: tensor<?xf32>,
    %bias: tensor<?xf32>) -> tensor<?x?xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  %epsilon = arith.constant {gpt2.constant = "epsilon"} 1.0e-5 : f32
  %T = tensor.dim %x, %c0 : tensor<?x?xf32>
  %C = tensor.dim %x, %c1 : tensor<?x?xf32>
  %C_i64 = arith.index_cast %C : index to i64
  %count = arith.uitofp %C_i64 : i64 to f32
  %empty_row = tensor.empty(%T) : tensor<?xf32>
  %empty = tensor.empty(%T, %C) : tensor<?x?xf32>
  %zeros = linalg.fill ins(%zero : f32) outs(%empty_row : tensor<?xf32>)
      -> tensor<?xf32>

  %sum = linalg.reduce { arith.addf }
      ins(%x : tensor<?x?xf32>) outs(%zeros : tensor<?xf32>) dimensions = [1]

  %centered = linalg.generic {
      indexing_maps = [#all, #row, #all],
      iterator_types = ["parallel", "parallel"]}
      ins(%x, %sum : tensor<?x?xf32>, tensor<?xf32>)
      outs(%empty : tensor<?x?xf32>) {
  ^bb0(%v: f32, %s: f32, %out: f32):
    %mean = arith.divf %s, %count : f32
    %d = arith.subf %v, %mean : f32
    linalg.yield %d : f32
  } -> tensor<?x?xf32>

  %squares = linalg.generic {
      indexing_maps = [#all, #row],
      iterator_types = ["parallel", "reduction"]}
      ins(%centered : tensor<?x?xf32>) outs(%zeros : tensor<?xf32>) {
  ^bb0(%d: f32, %acc: f32):
    %dd = arith.mulf %d, %d : f32
    %next = arith.addf %acc, %dd : f32
    linalg.yield %next : f32
  } -> tensor<?xf32>

  %rstd = linalg.generic {
      indexing_maps = [affine_map<(t) -> (t)>, affine_map<(t) -> (t)>],
      iterator_types = ["parallel"]}
      ins(%squares : tensor<?xf32>) outs(%empty_row : tensor<?xf32>) {
  ^bb0(%s: f32, %out: f32):
    %variance = arith.divf %s, %count : f32
    %guarded = arith.addf %variance, %epsilon : f32
    %r = math.rsqrt %guarded : f32
    linalg.yield %r : f32
  } -> tensor<?xf32>

  %y = linalg.generic {
      indexing_maps = [#all, #row, #channel, #channel, #all],
      iterator_types = ["parallel", "parallel"]}
      ins(%centered, %rstd, %gain, %bias
          : tensor<?x?xf32>, tensor<?xf32>, tensor<?xf32>, tensor<?xf32>)
      outs(%empty : tensor<?x?xf32>) {
  ^bb0(%d: f32, %r: f32, %g: f32, %b: f32, %out: f32):
    %n = arith.mulf %d, %r : f32
    %ng = arith.mulf %n, %g : f32
    %result = arith.addf %ng, %b : f32
    linalg.yield %result : f32
  } -> tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}
