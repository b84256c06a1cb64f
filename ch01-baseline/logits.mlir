// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// l[v] = sum over c of wte[v, c] * x[c]: how well each token continues the text.
// x (C), wte (V, C) -> l (V)
func.func private @logits(
    %x: tensor<?xf32>, %wte: tensor<?x?xf32>) -> tensor<?xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  %V = tensor.dim %wte, %c0 : tensor<?x?xf32>
  %C = tensor.dim %wte, %c1 : tensor<?x?xf32>
  %empty = tensor.empty(%V) : tensor<?xf32>
  %l = scf.for %v = %c0 to %V step %c1
      iter_args(%row = %empty) -> (tensor<?xf32>) {
    %dot = scf.for %c = %c0 to %C step %c1 iter_args(%acc = %zero) -> (f32) {
      %w = tensor.extract %wte[%v, %c] : tensor<?x?xf32>
      %xc = tensor.extract %x[%c] : tensor<?xf32>
      %product = arith.mulf %w, %xc : f32
      %next = arith.addf %acc, %product : f32
      scf.yield %next : f32
    }
    %lv = tensor.insert %dot into %row[%v] : tensor<?xf32>
    scf.yield %lv : tensor<?xf32>
  }
  return %l : tensor<?xf32>
}
