// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// An entry for the kernel alone, for tests and benchmarks. The residual is added
// in place: %x is both operand and result.
func.func private @residual(
    tensor<?x?xf32>, tensor<?x?xf32>) -> tensor<?x?xf32>

func.func @test_residual(
    %x: tensor<?x?xf32>
        {gpt2.shape = "T x C", bufferization.writable = true},
    %y: tensor<?x?xf32> {gpt2.shape = "T x C"}) -> tensor<?x?xf32>
    attributes {llvm.emit_c_interface} {
  %r = call @residual(%x, %y)
      : (tensor<?x?xf32>, tensor<?x?xf32>) -> tensor<?x?xf32>
  return %r : tensor<?x?xf32>
}
