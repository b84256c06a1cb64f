// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// x[t, c] = wte[tokens[t], c] + wpe[t, c]: a gather and a sum.
// tokens (T), wte (V, C), wpe (P, C) -> x (T, C)
func.func private @embedding(
    %tokens: tensor<?xi32>, %wte: tensor<?x?xf32>,
    %wpe: tensor<?x?xf32>) -> tensor<?x?xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %T = tensor.dim %tokens, %c0 : tensor<?xi32>
  %C = tensor.dim %wte, %c1 : tensor<?x?xf32>
  // The first T positions: a view.
  %where = tensor.extract_slice %wpe[0, 0] [%T, %C] [1, 1]
      : tensor<?x?xf32> to tensor<?x?xf32>
  %empty = tensor.empty(%T, %C) : tensor<?x?xf32>
  // Which row of wte is read depends on data, so it is no operand with a map:
  // the body fetches it.
  %x = linalg.generic {
      indexing_maps = [affine_map<(t, c) -> (t)>, affine_map<(t, c) -> (t, c)>,
                       affine_map<(t, c) -> (t, c)>],
      iterator_types = ["parallel", "parallel"]}
      ins(%tokens, %where : tensor<?xi32>, tensor<?x?xf32>)
      outs(%empty : tensor<?x?xf32>) {
  ^bb0(%token_i32: i32, %position: f32, %out: f32):
    %token = arith.index_cast %token_i32 : i32 to index
    %c = linalg.index 1 : index
    %what = tensor.extract %wte[%token, %c] : tensor<?x?xf32>
    %sum = arith.addf %what, %position : f32
    linalg.yield %sum : f32
  } -> tensor<?x?xf32>
  return %x : tensor<?x?xf32>
}
