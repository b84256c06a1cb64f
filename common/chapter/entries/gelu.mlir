// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// An entry for the kernel alone, for tests and benchmarks. The result is written
// into a batch of one, inserted as a slice, so that it is made in its place.
func.func private @gelu(tensor<?x?xf32>) -> tensor<?x?xf32>

func.func @test_gelu(
    %out: tensor<1x?x?xf32>
        {gpt2.shape = "1 x T x C", bufferization.writable = true},
    %x: tensor<?x?xf32> {gpt2.shape = "T x C"}) -> tensor<1x?x?xf32>
    attributes {llvm.emit_c_interface} {
  %y = call @gelu(%x) : (tensor<?x?xf32>) -> tensor<?x?xf32>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %d0 = tensor.dim %y, %c0 : tensor<?x?xf32>
  %d1 = tensor.dim %y, %c1 : tensor<?x?xf32>
  %r = tensor.insert_slice %y into %out[0, 0, 0] [1, %d0, %d1] [1, 1, 1]
      : tensor<?x?xf32> into tensor<1x?x?xf32>
  return %r : tensor<1x?x?xf32>
}
