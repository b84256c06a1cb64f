// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// An entry for the kernel alone, for tests and benchmarks. The result is written
// into a batch of one, inserted as a slice, so that it is made in its place.
func.func private @logits(tensor<?xf32>, tensor<?x?xf32>) -> tensor<?xf32>

func.func @test_logits(
    %out: tensor<1x?xf32> {gpt2.shape = "1 x V", bufferization.writable = true},
    %x: tensor<?xf32> {gpt2.shape = "C"},
    %wte: tensor<?x?xf32> {gpt2.shape = "V x C"}) -> tensor<1x?xf32>
    attributes {llvm.emit_c_interface} {
  %l = call @logits(%x, %wte)
      : (tensor<?xf32>, tensor<?x?xf32>) -> tensor<?xf32>
  %c0 = arith.constant 0 : index
  %d0 = tensor.dim %l, %c0 : tensor<?xf32>
  %r = tensor.insert_slice %l into %out[0, 0] [1, %d0] [1, 1]
      : tensor<?xf32> into tensor<1x?xf32>
  return %r : tensor<1x?xf32>
}
