// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// y[t, c] = (x[t, c] - mean[t]) / sqrt(variance[t] + 1e-5) * gain[c] + bias[c]
//
// A subgroup (a warp of 32 lanes, a wavefront of 64) takes a row. A lane adds up
// every 32nd (64th) channel, so that the subgroup reads consecutive addresses at
// once, and a reduction over the lanes makes one sum of theirs.
// x (T, C), gain (C), bias (C) -> y (T, C)
func.func private @layernorm(
    %x: tensor<?x?xf32>, %gain: tensor<?xf32>,
    %bias: tensor<?xf32>) -> tensor<?x?xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %rows_per_block = arith.constant 4 : index
  %zero = arith.constant 0.0 : f32
  %epsilon = arith.constant {gpt2.constant = "epsilon"} 1.0e-5 : f32
  %T = tensor.dim %x, %c0 : tensor<?x?xf32>
  %C = tensor.dim %x, %c1 : tensor<?x?xf32>
  %C_i64 = arith.index_cast %C : index to i64
  %C_f32 = arith.uitofp %C_i64 : i64 to f32

  %from = bufferization.to_buffer %x read_only
      : tensor<?x?xf32> to memref<?x?xf32>
  %gains = bufferization.to_buffer %gain read_only
      : tensor<?xf32> to memref<?xf32, strided<[1], offset: ?>>
  %biases = bufferization.to_buffer %bias read_only
      : tensor<?xf32> to memref<?xf32, strided<[1], offset: ?>>
  %to = memref.alloc(%T, %C) : memref<?x?xf32>

  %lanes = gpu.subgroup_size : index
  %blocks = arith.ceildivui %T, %rows_per_block : index
  gpu.launch blocks(%block, %by, %bz) in (%gx = %blocks, %gy = %c1, %gz = %c1)
      threads(%lane, %row, %tz)
      in (%sx = %lanes, %sy = %rows_per_block, %sz = %c1) {
    %first = arith.muli %block, %rows_per_block : index
    %t = arith.addi %first, %row : index
    %exists = arith.cmpi ult, %t, %T : index
    scf.if %exists {
      %part = scf.for %c = %lane to %C step %lanes
          iter_args(%a = %zero) -> (f32) {
        %v = memref.load %from[%t, %c] : memref<?x?xf32>
        %b = arith.addf %a, %v : f32
        scf.yield %b : f32
      }
      %sum = gpu.subgroup_reduce add %part : (f32) -> f32
      %mean = arith.divf %sum, %C_f32 : f32

      %part_2 = scf.for %c = %lane to %C step %lanes
          iter_args(%a = %zero) -> (f32) {
        %v = memref.load %from[%t, %c] : memref<?x?xf32>
        %d = arith.subf %v, %mean : f32
        %d2 = arith.mulf %d, %d : f32
        %b = arith.addf %a, %d2 : f32
        scf.yield %b : f32
      }
      %sum_2 = gpu.subgroup_reduce add %part_2 : (f32) -> f32
      %variance = arith.divf %sum_2, %C_f32 : f32
      %above_0 = arith.addf %variance, %epsilon : f32
      %scale = math.rsqrt %above_0 : f32

      scf.for %c = %lane to %C step %lanes {
        %v = memref.load %from[%t, %c] : memref<?x?xf32>
        %g = memref.load %gains[%c] : memref<?xf32, strided<[1], offset: ?>>
        %b = memref.load %biases[%c] : memref<?xf32, strided<[1], offset: ?>>
        %d = arith.subf %v, %mean : f32
        %n = arith.mulf %d, %scale : f32
        %m = arith.mulf %n, %g : f32
        %y = arith.addf %m, %b : f32
        memref.store %y, %to[%t, %c] : memref<?x?xf32>
      }
    }
    gpu.terminator
  }
  %y = bufferization.to_tensor %to restrict writable
      : memref<?x?xf32> to tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}
