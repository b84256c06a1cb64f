// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// y[t, n] = b[n] + sum over k of x[t, k] * w[k, n], for one row, where weights
// are in bf16 and C is a multiple of 16: what counts is how many bytes of w are
// on their way at once.
//
// A block makes 32 columns. Four threads read eight of them each, 16 bytes, of
// every 64th row of w; the first 32 threads add up what the 64 groups of four
// have.
// x (T, K), w (K, N), b (N) -> y (T, N)
#shared = #gpu.address_space<workgroup>
func.func private @linear_in_bf16_decode(
    %x: tensor<?x?xf32>, %w: tensor<?x?xf32>,
    %b: tensor<?xf32>) -> tensor<?x?xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %c8 = arith.constant 8 : index
  %c32 = arith.constant 32 : index
  %c64 = arith.constant 64 : index
  %zero = arith.constant 0.0 : f32
  %zeros = arith.constant dense<0.0> : vector<8xf32>
  %T = tensor.dim %x, %c0 : tensor<?x?xf32>
  %K = tensor.dim %w, %c0 : tensor<?x?xf32>
  %N = tensor.dim %w, %c1 : tensor<?x?xf32>
  %last_eight = arith.subi %N, %c8 : index

  %xs = bufferization.to_buffer %x read_only
      : tensor<?x?xf32> to memref<?x?xf32>
  %ws = bufferization.to_buffer %w read_only
      : tensor<?x?xf32> to memref<?x?xf32, strided<[?, 1], offset: ?>>
  %bs = bufferization.to_buffer %b read_only
      : tensor<?xf32> to memref<?xf32, strided<[1], offset: ?>>
  %ys = memref.alloc(%T, %N) : memref<?x?xf32>

  %tiles_n = arith.ceildivui %N, %c32 : index
  gpu.launch blocks(%bx, %t, %bz) in (%gx = %tiles_n, %gy = %T, %gz = %c1)
      threads(%tx, %group, %tz) in (%sx = %c4, %sy = %c64, %sz = %c1)
      workgroup(%parts: memref<64x32xf32, #shared>) {
    %first_n = arith.muli %bx, %c32 : index
    %column = arith.muli %tx, %c8 : index
    %n = arith.addi %first_n, %column : index
    %n_in = arith.minui %n, %last_eight : index
    %part = scf.for %k = %group to %K step %c64
        iter_args(%a = %zeros) -> (vector<8xf32>) {
      %xk = memref.load %xs[%t, %k] : memref<?x?xf32>
      %xv = vector.broadcast %xk : f32 to vector<8xf32>
      %wv = vector.load %ws[%k, %n_in] {alignment = 16 : i64}
          : memref<?x?xf32, strided<[?, 1], offset: ?>>, vector<8xf32>
      %s = vector.fma %xv, %wv, %a : vector<8xf32>
      scf.yield %s : vector<8xf32>
    }
    vector.store %part, %parts[%group, %column] {alignment = 16 : i64}
        : memref<64x32xf32, #shared>, vector<8xf32>
    gpu.barrier // all parts are there
    %rows_before = arith.muli %group, %c4 : index
    %thread = arith.addi %rows_before, %tx : index
    %own_n = arith.addi %first_n, %thread : index
    %is_first = arith.cmpi ult, %thread, %c32 : index
    %exists = arith.cmpi ult, %own_n, %N : index
    %adds = arith.andi %is_first, %exists : i1
    scf.if %adds {
      %sum = scf.for %g = %c0 to %c64 step %c1 iter_args(%a = %zero) -> (f32) {
        %other = memref.load %parts[%g, %thread] : memref<64x32xf32, #shared>
        %s = arith.addf %a, %other : f32
        scf.yield %s : f32
      }
      %bias = memref.load %bs[%own_n] : memref<?xf32, strided<[1], offset: ?>>
      %y = arith.addf %sum, %bias : f32
      memref.store %y, %ys[%t, %own_n] : memref<?x?xf32>
    }
    gpu.terminator
  }
  %y = bufferization.to_tensor %ys restrict writable
      : memref<?x?xf32> to tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}
