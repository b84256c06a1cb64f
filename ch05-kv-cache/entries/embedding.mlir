// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// An entry for the kernel alone, for tests and benchmarks.
func.func private @embedding(
    tensor<?xi32>, tensor<?xi32>, tensor<?x?xf32>,
    tensor<?x?xf32>) -> tensor<?x?xf32>

func.func @test_embedding(
    %out: tensor<1x?x?xf32>
        {gpt2.shape = "1 x T x C", bufferization.writable = true},
    %tokens: tensor<?xi32> {gpt2.shape = "T"},
    %positions: tensor<?xi32> {gpt2.shape = "T"},
    %wte: tensor<?x?xf32> {gpt2.shape = "V x C"},
    %wpe: tensor<?x?xf32> {gpt2.shape = "P x C"}) -> tensor<1x?x?xf32>
    attributes {llvm.emit_c_interface} {
  %x = call @embedding(%tokens, %positions, %wte, %wpe)
      : (tensor<?xi32>, tensor<?xi32>, tensor<?x?xf32>, tensor<?x?xf32>)
      -> tensor<?x?xf32>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %d0 = tensor.dim %x, %c0 : tensor<?x?xf32>
  %d1 = tensor.dim %x, %c1 : tensor<?x?xf32>
  %r = tensor.insert_slice %x into %out[0, 0, 0] [1, %d0, %d1] [1, 1, 1]
      : tensor<?x?xf32> into tensor<1x?x?xf32>
  return %r : tensor<1x?x?xf32>
}
