// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// l[n, v] = sum over c of x[n, c] * wte[v, c]: a subgroup for each token known,
// whose lanes read its row together, once from memory for all N texts.
// x (N, C), wte (V, C) -> l (N, V)
func.func private @logits(
    %x: tensor<?x?xf32>, %wte: tensor<?x?xf32>) -> tensor<?x?xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %rows_per_block = arith.constant 8 : index
  %zero = arith.constant 0.0 : f32
  %N = tensor.dim %x, %c0 : tensor<?x?xf32>
  %V = tensor.dim %wte, %c0 : tensor<?x?xf32>
  %C = tensor.dim %wte, %c1 : tensor<?x?xf32>

  %from = bufferization.to_buffer %x read_only
      : tensor<?x?xf32> to memref<?x?xf32, strided<[?, 1], offset: ?>>
  %rows = bufferization.to_buffer %wte read_only
      : tensor<?x?xf32> to memref<?x?xf32>
  %to = memref.alloc(%N, %V) : memref<?x?xf32>

  %lanes = gpu.subgroup_size : index
  %blocks = arith.ceildivui %V, %rows_per_block : index
  gpu.launch blocks(%block, %by, %bz) in (%gx = %blocks, %gy = %c1, %gz = %c1)
      threads(%lane, %row, %tz)
      in (%sx = %lanes, %sy = %rows_per_block, %sz = %c1) {
    %first = arith.muli %block, %rows_per_block : index
    %v = arith.addi %first, %row : index
    %exists = arith.cmpi ult, %v, %V : index
    scf.if %exists {
      scf.for %n = %c0 to %N step %c1 {
        %part = scf.for %c = %lane to %C step %lanes
            iter_args(%a = %zero) -> (f32) {
          %xc = memref.load %from[%n, %c]
              : memref<?x?xf32, strided<[?, 1], offset: ?>>
          %w = memref.load %rows[%v, %c] : memref<?x?xf32>
          %m = arith.mulf %xc, %w fastmath<contract> : f32
          %b = arith.addf %a, %m fastmath<contract> : f32
          scf.yield %b : f32
        }
        %sum = gpu.subgroup_reduce add %part : (f32) -> f32
        %leads = arith.cmpi eq, %lane, %c0 : index
        scf.if %leads {
          memref.store %sum, %to[%n, %v] : memref<?x?xf32>
        }
      }
    }
    gpu.terminator
  }
  %l = bufferization.to_tensor %to restrict writable
      : memref<?x?xf32> to tensor<?x?xf32>
  return %l : tensor<?x?xf32>
}
