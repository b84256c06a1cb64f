// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Each token's key and value, to their place in the cache:
//   keys[s, l, h, p, :] = qkv[t, 1, h, :]   values[s, l, h, p, :] = qkv[t, 2, h, :]
// where s = sequences[t], p = positions[t]: a block for each token, neighbouring
// channels in neighbouring threads.
//
// The new caches are the old ones, under their own names, with these elements
// stored; bufferization, which cannot look into a launch, is told `read_only`, so
// that it makes no copy to be written instead. Nobody asks for the old values.
// keys, values (S, L, H, P, D), qkv (T, 3, H, D), a layer, sequences (T),
// positions (T) -> keys, values
func.func private @update_cache(
    %keys: tensor<?x?x?x?x?xf32>, %values: tensor<?x?x?x?x?xf32>,
    %qkv: tensor<?x3x?x?xf32>, %l: index, %sequences: tensor<?xi32>,
    %positions: tensor<?xi32>)
    -> (tensor<?x?x?x?x?xf32>, tensor<?x?x?x?x?xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %threads = arith.constant 256 : index
  %T = tensor.dim %qkv, %c0 : tensor<?x3x?x?xf32>
  %H = tensor.dim %qkv, %c2 : tensor<?x3x?x?xf32>
  %D = tensor.dim %qkv, %c3 : tensor<?x3x?x?xf32>
  %C = arith.muli %H, %D : index

  %from = bufferization.to_buffer %qkv read_only
      : tensor<?x3x?x?xf32> to memref<?x3x?x?xf32>
  %ks = bufferization.to_buffer %keys read_only
      : tensor<?x?x?x?x?xf32> to memref<?x?x?x?x?xf32>
  %vs = bufferization.to_buffer %values read_only
      : tensor<?x?x?x?x?xf32> to memref<?x?x?x?x?xf32>
  %ss = bufferization.to_buffer %sequences read_only
      : tensor<?xi32> to memref<?xi32>
  %ps = bufferization.to_buffer %positions read_only
      : tensor<?xi32> to memref<?xi32>

  gpu.launch blocks(%t, %by, %bz) in (%gx = %T, %gy = %c1, %gz = %c1)
      threads(%thread, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1) {
    %s_i32 = memref.load %ss[%t] : memref<?xi32>
    %p_i32 = memref.load %ps[%t] : memref<?xi32>
    %s = arith.index_cast %s_i32 : i32 to index
    %p = arith.index_cast %p_i32 : i32 to index
    scf.for %c = %thread to %C step %threads {
      %h = arith.divui %c, %D : index
      %d = arith.remui %c, %D : index
      %k = memref.load %from[%t, %c1, %h, %d] : memref<?x3x?x?xf32>
      %v = memref.load %from[%t, %c2, %h, %d] : memref<?x3x?x?xf32>
      memref.store %k, %ks[%s, %l, %h, %p, %d] : memref<?x?x?x?x?xf32>
      memref.store %v, %vs[%s, %l, %h, %p, %d] : memref<?x?x?x?x?xf32>
    }
    gpu.terminator
  }
  return %keys, %values : tensor<?x?x?x?x?xf32>, tensor<?x?x?x?x?xf32>
}
