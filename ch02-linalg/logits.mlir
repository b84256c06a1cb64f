// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// l[v] = sum over c of wte[v, c] * x[c]: how well each token continues the text.
// x (C), wte (V, C) -> l (V)
func.func private @logits(
    %x: tensor<?xf32>, %wte: tensor<?x?xf32>) -> tensor<?xf32> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %V = tensor.dim %wte, %c0 : tensor<?x?xf32>
  %empty = tensor.empty(%V) : tensor<?xf32>
  %zeros = linalg.fill ins(%zero : f32) outs(%empty : tensor<?xf32>)
      -> tensor<?xf32>
  %l = linalg.matvec ins(%wte, %x : tensor<?x?xf32>, tensor<?xf32>)
      outs(%zeros : tensor<?xf32>) -> tensor<?xf32>
  return %l : tensor<?xf32>
}
