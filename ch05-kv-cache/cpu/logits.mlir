// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// l[n, v] = sum over c of wte[v, c] * x[n, c]: how well each token continues
// each of N texts. A row of wte is read once for all of them; the order in which
// a sum's terms are added is left to the compiler.
// x (N, C), wte (V, C) -> l (N, V)
func.func private @logits(
    %x: tensor<?x?xf32>, %wte: tensor<?x?xf32>) -> tensor<?x?xf32> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %N = tensor.dim %x, %c0 : tensor<?x?xf32>
  %V = tensor.dim %wte, %c0 : tensor<?x?xf32>
  %empty = tensor.empty(%N, %V) : tensor<?x?xf32>
  %zeros = linalg.fill ins(%zero : f32) outs(%empty : tensor<?x?xf32>)
      -> tensor<?x?xf32>
  %l = linalg.generic {
      indexing_maps = [affine_map<(v, n, c) -> (v, c)>,
                       affine_map<(v, n, c) -> (n, c)>,
                       affine_map<(v, n, c) -> (n, v)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%wte, %x : tensor<?x?xf32>, tensor<?x?xf32>)
      outs(%zeros : tensor<?x?xf32>) {
  ^bb0(%w: f32, %xc: f32, %acc: f32):
    %product = arith.mulf %w, %xc fastmath<reassoc> : f32
    %sum = arith.addf %acc, %product fastmath<reassoc> : f32
    linalg.yield %sum : f32
  } -> tensor<?x?xf32>
  return %l : tensor<?x?xf32>
}
