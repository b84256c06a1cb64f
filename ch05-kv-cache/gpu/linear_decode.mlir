// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// y[t, n] = b[n] + sum over k of x[t, k] * w[k, n], for one row: @decode calls
// this instead of @linear, whose tiles have 32 rows.
//
// A block makes 32 columns. Each of its 32 groups of 32 threads takes every 32nd
// row of w, of which its threads read neighbouring columns; the first group adds
// up what the 32 have. A weight is used once: what counts is how many of them are
// on their way from memory at once.
// x (T, K), w (K, N), b (N) -> y (T, N)
#shared = #gpu.address_space<workgroup>
func.func private @linear_decode(
    %x: tensor<?x?xf32>, %w: tensor<?x?xf32>,
    %b: tensor<?xf32>) -> tensor<?x?xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c32 = arith.constant 32 : index
  %zero = arith.constant 0.0 : f32
  %T = tensor.dim %x, %c0 : tensor<?x?xf32>
  %K = tensor.dim %w, %c0 : tensor<?x?xf32>
  %N = tensor.dim %w, %c1 : tensor<?x?xf32>
  %last_n = arith.subi %N, %c1 : index

  %xs = bufferization.to_buffer %x read_only
      : tensor<?x?xf32> to memref<?x?xf32>
  %ws = bufferization.to_buffer %w read_only
      : tensor<?x?xf32> to memref<?x?xf32, strided<[?, 1], offset: ?>>
  %bs = bufferization.to_buffer %b read_only
      : tensor<?xf32> to memref<?xf32, strided<[1], offset: ?>>
  %ys = memref.alloc(%T, %N) : memref<?x?xf32>

  %tiles_n = arith.ceildivui %N, %c32 : index
  gpu.launch blocks(%bx, %t, %bz) in (%gx = %tiles_n, %gy = %T, %gz = %c1)
      threads(%tx, %group, %tz) in (%sx = %c32, %sy = %c32, %sz = %c1)
      workgroup(%parts: memref<32x32xf32, #shared>) {
    %first_n = arith.muli %bx, %c32 : index
    %n = arith.addi %first_n, %tx : index
    %n_in = arith.minui %n, %last_n : index
    %part = scf.for %k = %group to %K step %c32 iter_args(%a = %zero) -> (f32) {
      %xk = memref.load %xs[%t, %k] : memref<?x?xf32>
      %wk = memref.load %ws[%k, %n_in]
          : memref<?x?xf32, strided<[?, 1], offset: ?>>
      %m = arith.mulf %xk, %wk fastmath<contract> : f32
      %s = arith.addf %a, %m fastmath<contract> : f32
      scf.yield %s : f32
    }
    memref.store %part, %parts[%group, %tx] : memref<32x32xf32, #shared>
    gpu.barrier // all parts are there
    %is_first = arith.cmpi eq, %group, %c0 : index
    %exists = arith.cmpi ult, %n, %N : index
    %adds = arith.andi %is_first, %exists : i1
    scf.if %adds {
      %sum = scf.for %g = %c0 to %c32 step %c1 iter_args(%a = %zero) -> (f32) {
        %other = memref.load %parts[%g, %tx] : memref<32x32xf32, #shared>
        %s = arith.addf %a, %other : f32
        scf.yield %s : f32
      }
      %bias = memref.load %bs[%n] : memref<?xf32, strided<[1], offset: ?>>
      %y = arith.addf %sum, %bias : f32
      memref.store %y, %ys[%t, %n] : memref<?x?xf32>
    }
    gpu.terminator
  }
  %y = bufferization.to_tensor %ys restrict writable
      : memref<?x?xf32> to tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}
