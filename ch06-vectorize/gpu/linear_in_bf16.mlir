// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// y[t, n] = b[n] + sum over k of x[t, k] * w[k, n], by the chip's matrix units:
// where weights are in bf16, and C a multiple of 16.
//
// A block of four subgroups makes 64 rows and 64 columns of y. All threads bring
// 32 columns of x, rounded to bf16, and 32 rows of w into shared memory, wait for
// each other, and add the product to the sums. Which subgroup makes which of them,
// and that they are in registers meanwhile, is the schedule's (schedules/gpu/).
// Rows in shared memory are eight elements longer than they need to be: lanes that
// read one below another do not all come to the same bank.
//
// Behind the ends of x and w the last row or columns are read again; what comes
// of it is not stored, or multiplied by the zeros that x has behind column K.
// x (T, K), w (K, N), b (N) -> y (T, N)
#shared = #gpu.address_space<workgroup>
func.func private @linear_in_bf16(
    %x: tensor<?x?xf32>, %w: tensor<?x?xf32>,
    %b: tensor<?xf32>) -> tensor<?x?xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %c8 = arith.constant 8 : index
  %c32 = arith.constant 32 : index
  %c64 = arith.constant 64 : index
  %x_groups = arith.constant 512 : index  // of 4: 64 x 32
  %w_groups = arith.constant 256 : index  // of 8: 32 x 64
  %y_elements = arith.constant 4096 : index
  %no_groups = arith.constant dense<0.0> : vector<4xf32>
  %zero = arith.constant 0.0 : f32
  %T = tensor.dim %x, %c0 : tensor<?x?xf32>
  %K = tensor.dim %w, %c0 : tensor<?x?xf32>
  %N = tensor.dim %w, %c1 : tensor<?x?xf32>
  %last_t = arith.subi %T, %c1 : index
  %last_k = arith.subi %K, %c1 : index
  %last_four = arith.subi %K, %c4 : index
  %last_eight = arith.subi %N, %c8 : index

  %xs = bufferization.to_buffer %x read_only
      : tensor<?x?xf32> to memref<?x?xf32>
  %ws = bufferization.to_buffer %w read_only
      : tensor<?x?xf32> to memref<?x?xf32, strided<[?, 1], offset: ?>>
  %bs = bufferization.to_buffer %b read_only
      : tensor<?xf32> to memref<?xf32, strided<[1], offset: ?>>
  %ys = memref.alloc(%T, %N) : memref<?x?xf32>

  %lanes = gpu.subgroup_size : index
  %threads = arith.muli %lanes, %c4 : index
  %tiles_n = arith.ceildivui %N, %c64 : index
  %tiles_t = arith.ceildivui %T, %c64 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %tiles_n, %gy = %tiles_t, %gz = %c1)
      threads(%lane, %subgroup, %tz) in (%sx = %lanes, %sy = %c4, %sz = %c1)
      workgroup(%x_tile: memref<64x40xbf16, #shared>,
                %w_tile: memref<32x72xbf16, #shared>,
                %y_tile: memref<64x68xf32, #shared>) {
    %first_t = arith.muli %by, %c64 : index
    %first_n = arith.muli %bx, %c64 : index
    %before = arith.muli %subgroup, %lanes : index
    %thread = arith.addi %before, %lane : index
    %x_part = memref.subview %x_tile[0, 0] [64, 32] [1, 1]
        : memref<64x40xbf16, #shared>
       to memref<64x32xbf16, strided<[40, 1]>, #shared>
    %w_part = memref.subview %w_tile[0, 0] [32, 64] [1, 1]
        : memref<32x72xbf16, #shared>
       to memref<32x64xbf16, strided<[72, 1]>, #shared>
    %sums = memref.subview %y_tile[0, 0] [64, 64] [1, 1]
        : memref<64x68xf32, #shared>
       to memref<64x64xf32, strided<[68, 1]>, #shared>

    linalg.fill {schedule.of_block} ins(%zero : f32)
        outs(%sums : memref<64x64xf32, strided<[68, 1]>, #shared>)
    scf.for %first_k = %c0 to %K step %c32 {
      scf.for %i = %thread to %x_groups step %threads {
        %row = arith.divui %i, %c8 : index
        %group = arith.remui %i, %c8 : index
        %col = arith.muli %group, %c4 : index
        %t = arith.addi %first_t, %row : index
        %k = arith.addi %first_k, %col : index
        %t_in = arith.minui %t, %last_t : index
        %k_in = arith.minui %k, %last_four : index
        %read = vector.load %xs[%t_in, %k_in] {alignment = 16 : i64}
            : memref<?x?xf32>, vector<4xf32>
        %exists = arith.cmpi ult, %k, %K : index
        %v = arith.select %exists, %read, %no_groups : vector<4xf32>
        %rounded = arith.truncf %v : vector<4xf32> to vector<4xbf16>
        vector.store %rounded, %x_tile[%row, %col] {alignment = 8 : i64}
            : memref<64x40xbf16, #shared>, vector<4xbf16>
      }
      scf.for %i = %thread to %w_groups step %threads {
        %row = arith.divui %i, %c8 : index
        %group = arith.remui %i, %c8 : index
        %col = arith.muli %group, %c8 : index
        %k = arith.addi %first_k, %row : index
        %n = arith.addi %first_n, %col : index
        %k_in = arith.minui %k, %last_k : index
        %n_in = arith.minui %n, %last_eight : index
        %v = vector.load %ws[%k_in, %n_in] {alignment = 16 : i64}
            : memref<?x?xf32, strided<[?, 1], offset: ?>>, vector<8xf32>
        %rounded = arith.truncf %v : vector<8xf32> to vector<8xbf16>
        vector.store %rounded, %w_tile[%row, %col] {alignment = 16 : i64}
            : memref<32x72xbf16, #shared>, vector<8xbf16>
      }
      gpu.barrier // both are there
      linalg.matmul {schedule.of_block}
          ins(%x_part, %w_part
              : memref<64x32xbf16, strided<[40, 1]>, #shared>,
                memref<32x64xbf16, strided<[72, 1]>, #shared>)
          outs(%sums : memref<64x64xf32, strided<[68, 1]>, #shared>)
      gpu.barrier // nobody reads them any more
    }
    gpu.barrier // all sums are there
    scf.for %i = %thread to %y_elements step %threads {
      %row = arith.divui %i, %c64 : index
      %col = arith.remui %i, %c64 : index
      %t = arith.addi %first_t, %row : index
      %n = arith.addi %first_n, %col : index
      %in_t = arith.cmpi ult, %t, %T : index
      %in_n = arith.cmpi ult, %n, %N : index
      %exists = arith.andi %in_t, %in_n : i1
      scf.if %exists {
        %sum = memref.load %y_tile[%row, %col] : memref<64x68xf32, #shared>
        %bias = memref.load %bs[%n] : memref<?xf32, strided<[1], offset: ?>>
        %y = arith.addf %sum, %bias : f32
        memref.store %y, %ys[%t, %n] : memref<?x?xf32>
      }
    }
    gpu.terminator
  }
  %y = bufferization.to_tensor %ys restrict writable
      : memref<?x?xf32> to tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}
