// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// An entry for the kernel alone, for tests: layer 1. Both caches are updated in
// place.
func.func private @update_cache(
    tensor<?x?x?x?x?xf32>, tensor<?x?x?x?x?xf32>, tensor<?x3x?x?xf32>, index,
    tensor<?xi32>, tensor<?xi32>)
    -> (tensor<?x?x?x?x?xf32>, tensor<?x?x?x?x?xf32>)

func.func @test_update_cache(
    %keys: tensor<?x?x?x?x?xf32>
        {gpt2.shape = "S x L x H x P x D", bufferization.writable = true,
         gpt2.cache},
    %values: tensor<?x?x?x?x?xf32>
        {gpt2.shape = "S x L x H x P x D", bufferization.writable = true,
         gpt2.cache},
    %qkv: tensor<?x3x?x?xf32> {gpt2.shape = "T x 3 x H x D"},
    %sequences: tensor<?xi32> {gpt2.shape = "T"},
    %positions: tensor<?xi32> {gpt2.shape = "T"})
    -> (tensor<?x?x?x?x?xf32>, tensor<?x?x?x?x?xf32>)
    attributes {llvm.emit_c_interface} {
  %layer = arith.constant 1 : index
  %ks, %vs = call @update_cache(
      %keys, %values, %qkv, %layer, %sequences, %positions)
      : (tensor<?x?x?x?x?xf32>, tensor<?x?x?x?x?xf32>, tensor<?x3x?x?xf32>,
         index, tensor<?xi32>, tensor<?xi32>)
      -> (tensor<?x?x?x?x?xf32>, tensor<?x?x?x?x?xf32>)
  return %ks, %vs : tensor<?x?x?x?x?xf32>, tensor<?x?x?x?x?xf32>
}
