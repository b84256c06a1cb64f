// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Each token's key and value, to their place in the cache:
//   keys[s, l, h, p, :] = qkv[t, 1, h, :]   values[s, l, h, p, :] = qkv[t, 2, h, :]
// where s = sequences[t], p = positions[t]. Of tokens, which are at different
// places, none waits for another.
// keys, values (S, L, H, P, D), qkv (T, 3, H, D), a layer,
// sequences (T), positions (T) -> keys, values
func.func private @update_cache(
    %keys: tensor<?x?x?x?x?xf32>, %values: tensor<?x?x?x?x?xf32>,
    %qkv: tensor<?x3x?x?xf32>, %l: index, %sequences: tensor<?xi32>,
    %positions: tensor<?xi32>)
    -> (tensor<?x?x?x?x?xf32>, tensor<?x?x?x?x?xf32>) {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %T = tensor.dim %qkv, %c0 : tensor<?x3x?x?xf32>
  %H = tensor.dim %qkv, %c2 : tensor<?x3x?x?xf32>
  %D = tensor.dim %qkv, %c3 : tensor<?x3x?x?xf32>
  %new_keys, %new_values = scf.forall (%t) in (%T)
      shared_outs(%ks = %keys, %vs = %values)
      -> (tensor<?x?x?x?x?xf32>, tensor<?x?x?x?x?xf32>) {
    %s_i32 = tensor.extract %sequences[%t] : tensor<?xi32>
    %p_i32 = tensor.extract %positions[%t] : tensor<?xi32>
    %s = arith.index_cast %s_i32 : i32 to index
    %p = arith.index_cast %p_i32 : i32 to index
    %key = tensor.extract_slice %qkv[%t, 1, 0, 0] [1, 1, %H, %D] [1, 1, 1, 1]
        : tensor<?x3x?x?xf32> to tensor<?x?xf32>
    %value = tensor.extract_slice %qkv[%t, 2, 0, 0] [1, 1, %H, %D] [1, 1, 1, 1]
        : tensor<?x3x?x?xf32> to tensor<?x?xf32>
    %key_place = tensor.extract_slice %ks[%s, %l, 0, %p, 0]
        [1, 1, %H, 1, %D] [1, 1, 1, 1, 1]
        : tensor<?x?x?x?x?xf32> to tensor<?x?xf32>
    %value_place = tensor.extract_slice %vs[%s, %l, 0, %p, 0]
        [1, 1, %H, 1, %D] [1, 1, 1, 1, 1]
        : tensor<?x?x?x?x?xf32> to tensor<?x?xf32>
    %kept_key = linalg.copy ins(%key : tensor<?x?xf32>)
        outs(%key_place : tensor<?x?xf32>) -> tensor<?x?xf32>
    %kept_value = linalg.copy ins(%value : tensor<?x?xf32>)
        outs(%value_place : tensor<?x?xf32>) -> tensor<?x?xf32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %kept_key into %ks[%s, %l, 0, %p, 0]
          [1, 1, %H, 1, %D] [1, 1, 1, 1, 1]
          : tensor<?x?xf32> into tensor<?x?x?x?x?xf32>
      tensor.parallel_insert_slice %kept_value into %vs[%s, %l, 0, %p, 0]
          [1, 1, %H, 1, %D] [1, 1, 1, 1, 1]
          : tensor<?x?xf32> into tensor<?x?x?x?x?xf32>
    }
  }
  return %new_keys, %new_values
      : tensor<?x?x?x?x?xf32>, tensor<?x?x?x?x?xf32>
}
