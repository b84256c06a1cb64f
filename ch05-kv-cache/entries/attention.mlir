// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// An entry for the kernel alone, for tests and benchmarks: layer 1.
func.func private @attention(
    tensor<?x3x?x?xf32>, tensor<?x?x?x?x?xf32>, tensor<?x?x?x?x?xf32>, index,
    tensor<?xi32>, tensor<?xi32>) -> tensor<?x?x?xf32>

func.func @test_attention(
    %out: tensor<1x?x?x?xf32>
        {gpt2.shape = "1 x T x H x D", bufferization.writable = true},
    %qkv: tensor<?x3x?x?xf32> {gpt2.shape = "T x 3 x H x D"},
    %sequences: tensor<?xi32> {gpt2.shape = "T"},
    %positions: tensor<?xi32> {gpt2.shape = "T"},
    %keys: tensor<?x?x?x?x?xf32> {gpt2.shape = "S x L x H x P x D", gpt2.cache},
    %values: tensor<?x?x?x?x?xf32>
        {gpt2.shape = "S x L x H x P x D", gpt2.cache}) -> tensor<1x?x?x?xf32>
    attributes {llvm.emit_c_interface} {
  %layer = arith.constant 1 : index
  %y = call @attention(%qkv, %keys, %values, %layer, %sequences, %positions)
      : (tensor<?x3x?x?xf32>, tensor<?x?x?x?x?xf32>, tensor<?x?x?x?x?xf32>,
         index, tensor<?xi32>, tensor<?xi32>) -> tensor<?x?x?xf32>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %d0 = tensor.dim %y, %c0 : tensor<?x?x?xf32>
  %d1 = tensor.dim %y, %c1 : tensor<?x?x?xf32>
  %d2 = tensor.dim %y, %c2 : tensor<?x?x?xf32>
  %r = tensor.insert_slice %y into %out[0, 0, 0, 0] [1, %d0, %d1, %d2] [1, 1, 1, 1]
      : tensor<?x?x?xf32> into tensor<1x?x?x?xf32>
  return %r : tensor<1x?x?x?xf32>
}
