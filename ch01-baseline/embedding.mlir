// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// x[t, c] = wte[tokens[t], c] + wpe[t, c]
// tokens (T), wte (V, C), wpe (P, C) -> x (T, C)
func.func private @embedding(
    %tokens: tensor<?xi32>, %wte: tensor<?x?xf32>,
    %wpe: tensor<?x?xf32>) -> tensor<?x?xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %T = tensor.dim %tokens, %c0 : tensor<?xi32>
  %C = tensor.dim %wte, %c1 : tensor<?x?xf32>
  %empty = tensor.empty(%T, %C) : tensor<?x?xf32>
  %x = scf.for %t = %c0 to %T step %c1
      iter_args(%rows = %empty) -> (tensor<?x?xf32>) {
    %token_i32 = tensor.extract %tokens[%t] : tensor<?xi32>
    %token = arith.index_cast %token_i32 : i32 to index
    %row = scf.for %c = %c0 to %C step %c1
        iter_args(%xt = %rows) -> (tensor<?x?xf32>) {
      %what = tensor.extract %wte[%token, %c] : tensor<?x?xf32>
      %where = tensor.extract %wpe[%t, %c] : tensor<?x?xf32>
      %sum = arith.addf %what, %where : f32
      %xtc = tensor.insert %sum into %xt[%t, %c] : tensor<?x?xf32>
      scf.yield %xtc : tensor<?x?xf32>
    }
    scf.yield %row : tensor<?x?xf32>
  }
  return %x : tensor<?x?xf32>
}
