// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// y[t, n] = b[n] + sum over k of x[t, k] * w[k, n]
//
// A block makes a tile of 32 rows and 64 columns of y. Its 128 threads bring 32
// columns of x and 32 rows of w into shared memory, add up what these
// contribute, and go on to the next 32. Thread (x, y) keeps 4 x 4 sums in
// registers, rows y, y + 8, y + 16, y + 24 and columns 4x to 4x + 3: what it
// reads from shared memory, it uses four times. Registers have no addresses, so
// loops over them are unrolled.
//
// Behind the ends of x and w the last row or column is read again; what comes of
// it is not stored, or multiplied by the zeros that x has behind column K.
// x (T, K), w (K, N), b (N) -> y (T, N)
#shared = #gpu.address_space<workgroup>
#registers = #gpu.address_space<private>
func.func private @linear(
    %x: tensor<?x?xf32>, %w: tensor<?x?xf32>,
    %b: tensor<?xf32>) -> tensor<?x?xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %c8 = arith.constant 8 : index
  %c16 = arith.constant 16 : index
  %c32 = arith.constant 32 : index
  %c64 = arith.constant 64 : index
  %threads = arith.constant 128 : index
  %x_elements = arith.constant 1024 : index
  %w_elements = arith.constant 2048 : index
  %zero = arith.constant 0.0 : f32
  %zeros = arith.constant dense<0.0> : vector<4xf32>
  %T = tensor.dim %x, %c0 : tensor<?x?xf32>
  %K = tensor.dim %w, %c0 : tensor<?x?xf32>
  %N = tensor.dim %w, %c1 : tensor<?x?xf32>
  %last_t = arith.subi %T, %c1 : index
  %last_k = arith.subi %K, %c1 : index
  %last_n = arith.subi %N, %c1 : index

  %xs = bufferization.to_buffer %x read_only
      : tensor<?x?xf32> to memref<?x?xf32>
  %ws = bufferization.to_buffer %w read_only
      : tensor<?x?xf32> to memref<?x?xf32, strided<[?, 1], offset: ?>>
  %bs = bufferization.to_buffer %b read_only
      : tensor<?xf32> to memref<?xf32, strided<[1], offset: ?>>
  %ys = memref.alloc(%T, %N) : memref<?x?xf32>

  %tiles_n = arith.ceildivui %N, %c64 : index
  %tiles_t = arith.ceildivui %T, %c32 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %tiles_n, %gy = %tiles_t, %gz = %c1)
      threads(%tx, %ty, %tz) in (%sx = %c16, %sy = %c8, %sz = %c1)
      workgroup(%x_tile: memref<32x32xf32, #shared>,
                %w_tile: memref<32x64xf32, #shared>)
      private(%sums: memref<4xvector<4xf32>, #registers>) {
    %first_t = arith.muli %by, %c32 : index
    %first_n = arith.muli %bx, %c64 : index
    %row_offset = arith.muli %ty, %c16 : index
    %thread = arith.addi %row_offset, %tx : index
    %column = arith.muli %tx, %c4 : index
    scf.for %r = %c0 to %c4 step %c1 {
      memref.store %zeros, %sums[%r] : memref<4xvector<4xf32>, #registers>
    } {gpt2.unroll}
    scf.for %first_k = %c0 to %K step %c32 {
      // Neighbouring threads bring neighbouring columns.
      scf.for %i = %thread to %x_elements step %threads {
        %row = arith.divui %i, %c32 : index
        %col = arith.remui %i, %c32 : index
        %t = arith.addi %first_t, %row : index
        %k = arith.addi %first_k, %col : index
        %t_in = arith.minui %t, %last_t : index
        %k_in = arith.minui %k, %last_k : index
        %read = memref.load %xs[%t_in, %k_in] : memref<?x?xf32>
        %exists = arith.cmpi ult, %k, %K : index
        %v = arith.select %exists, %read, %zero : f32
        memref.store %v, %x_tile[%row, %col] : memref<32x32xf32, #shared>
      }
      scf.for %i = %thread to %w_elements step %threads {
        %row = arith.divui %i, %c64 : index
        %col = arith.remui %i, %c64 : index
        %k = arith.addi %first_k, %row : index
        %n = arith.addi %first_n, %col : index
        %k_in = arith.minui %k, %last_k : index
        %n_in = arith.minui %n, %last_n : index
        %v = memref.load %ws[%k_in, %n_in]
            : memref<?x?xf32, strided<[?, 1], offset: ?>>
        memref.store %v, %w_tile[%row, %col] : memref<32x64xf32, #shared>
      }
      gpu.barrier // both tiles are there
      scf.for %k = %c0 to %c32 step %c1 {
        %wv = vector.load %w_tile[%k, %column] {alignment = 16 : i64}
            : memref<32x64xf32, #shared>, vector<4xf32>
        scf.for %r = %c0 to %c4 step %c1 {
          %down = arith.muli %r, %c8 : index
          %row = arith.addi %ty, %down : index
          %xk = memref.load %x_tile[%row, %k] : memref<32x32xf32, #shared>
          %xv = vector.broadcast %xk : f32 to vector<4xf32>
          %a = memref.load %sums[%r] : memref<4xvector<4xf32>, #registers>
          %s = vector.fma %xv, %wv, %a : vector<4xf32>
          memref.store %s, %sums[%r] : memref<4xvector<4xf32>, #registers>
        } {gpt2.unroll}
      }
      gpu.barrier // nobody reads them any more
    }
    scf.for %r = %c0 to %c4 step %c1 {
      %sum = memref.load %sums[%r] : memref<4xvector<4xf32>, #registers>
      %down = arith.muli %r, %c8 : index
      %row = arith.addi %ty, %down : index
      %t = arith.addi %first_t, %row : index
      scf.for %c = %c0 to %c4 step %c1 {
        %col = arith.addi %column, %c : index
        %n = arith.addi %first_n, %col : index
        %in_t = arith.cmpi ult, %t, %T : index
        %in_n = arith.cmpi ult, %n, %N : index
        %exists = arith.andi %in_t, %in_n : i1
        scf.if %exists {
          %s = vector.extract %sum[%c] : f32 from vector<4xf32>
          %bias = memref.load %bs[%n] : memref<?xf32, strided<[1], offset: ?>>
          %y = arith.addf %s, %bias : f32
          memref.store %y, %ys[%t, %n] : memref<?x?xf32>
        }
      } {gpt2.unroll}
    } {gpt2.unroll}
    gpu.terminator
  }
  %y = bufferization.to_tensor %ys restrict writable
      : memref<?x?xf32> to tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}
