// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// l[n, v] = sum over c of x[n, c] * wte[v, c], where wte is in bf16 and C a
// multiple of 16: a subgroup for each token known, whose lanes read eight
// elements of its row at a time, 16 bytes.
// x (N, C), wte (V, C) -> l (N, V)
func.func private @logits_in_bf16(
    %x: tensor<?x?xf32>, %wte: tensor<?x?xf32>) -> tensor<?x?xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %rows_per_block = arith.constant 8 : index
  %zeros = arith.constant dense<0.0> : vector<8xf32>
  %N = tensor.dim %x, %c0 : tensor<?x?xf32>
  %V = tensor.dim %wte, %c0 : tensor<?x?xf32>
  %C = tensor.dim %wte, %c1 : tensor<?x?xf32>

  %from = bufferization.to_buffer %x read_only
      : tensor<?x?xf32> to memref<?x?xf32, strided<[?, 1], offset: ?>>
  %rows = bufferization.to_buffer %wte read_only
      : tensor<?x?xf32> to memref<?x?xf32>
  %to = memref.alloc(%N, %V) : memref<?x?xf32>

  %lanes = gpu.subgroup_size : index
  %at_once = arith.muli %lanes, %c8 : index
  %blocks = arith.ceildivui %V, %rows_per_block : index
  gpu.launch blocks(%block, %by, %bz) in (%gx = %blocks, %gy = %c1, %gz = %c1)
      threads(%lane, %row, %tz)
      in (%sx = %lanes, %sy = %rows_per_block, %sz = %c1) {
    %first = arith.muli %block, %rows_per_block : index
    %v = arith.addi %first, %row : index
    %column = arith.muli %lane, %c8 : index
    %exists = arith.cmpi ult, %v, %V : index
    scf.if %exists {
      scf.for %n = %c0 to %N step %c1 {
        %parts = scf.for %c = %column to %C step %at_once
            iter_args(%a = %zeros) -> (vector<8xf32>) {
          %xc = vector.load %from[%n, %c] {alignment = 16 : i64}
              : memref<?x?xf32, strided<[?, 1], offset: ?>>, vector<8xf32>
          %w = vector.load %rows[%v, %c] {alignment = 16 : i64}
              : memref<?x?xf32>, vector<8xf32>
          %s = vector.fma %xc, %w, %a : vector<8xf32>
          scf.yield %s : vector<8xf32>
        }
        %part = vector.reduction <add>, %parts : vector<8xf32> into f32
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
