// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// y[t, c] = (x[t, c] - mean[t]) / sqrt(variance[t] + 1e-5) * gain[c] + bias[c]
// x (T, C), gain (C), bias (C) -> y (T, C); mean and variance over a row.
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
  %empty = tensor.empty(%T, %C) : tensor<?x?xf32>
  %y = scf.for %t = %c0 to %T step %c1
      iter_args(%rows = %empty) -> (tensor<?x?xf32>) {
    %sum = scf.for %c = %c0 to %C step %c1 iter_args(%acc = %zero) -> (f32) {
      %v = tensor.extract %x[%t, %c] : tensor<?x?xf32>
      %next = arith.addf %acc, %v : f32
      scf.yield %next : f32
    }
    %mean = arith.divf %sum, %count : f32

    %squares = scf.for %c = %c0 to %C step %c1
        iter_args(%acc = %zero) -> (f32) {
      %v = tensor.extract %x[%t, %c] : tensor<?x?xf32>
      %d = arith.subf %v, %mean : f32
      %dd = arith.mulf %d, %d : f32
      %next = arith.addf %acc, %dd : f32
      scf.yield %next : f32
    }
    %variance = arith.divf %squares, %count : f32
    %guarded = arith.addf %variance, %epsilon : f32
    %rstd = math.rsqrt %guarded : f32

    %row = scf.for %c = %c0 to %C step %c1
        iter_args(%yt = %rows) -> (tensor<?x?xf32>) {
      %v = tensor.extract %x[%t, %c] : tensor<?x?xf32>
      %g = tensor.extract %gain[%c] : tensor<?xf32>
      %b = tensor.extract %bias[%c] : tensor<?xf32>
      %d = arith.subf %v, %mean : f32
      %n = arith.mulf %d, %rstd : f32
      %ng = arith.mulf %n, %g : f32
      %out = arith.addf %ng, %b : f32
      %ytc = tensor.insert %out into %yt[%t, %c] : tensor<?x?xf32>
      scf.yield %ytc : tensor<?x?xf32>
    }
    scf.yield %row : tensor<?x?xf32>
  }
  return %y : tensor<?x?xf32>
}
