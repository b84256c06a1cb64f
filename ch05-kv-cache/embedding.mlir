// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// x[t, c] = wte[tokens[t], c] + wpe[positions[t], c]: two gathers and a sum.
// tokens (T), positions (T), wte (V, C), wpe (P, C) -> x (T, C)
func.func private @embedding(
    %tokens: tensor<?xi32>, %positions: tensor<?xi32>, %wte: tensor<?x?xf32>,
    %wpe: tensor<?x?xf32>) -> tensor<?x?xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %T = tensor.dim %tokens, %c0 : tensor<?xi32>
  %C = tensor.dim %wte, %c1 : tensor<?x?xf32>
  %empty = tensor.empty(%T, %C) : tensor<?x?xf32>
  %x = linalg.generic {
      indexing_maps = [affine_map<(t, c) -> (t)>, affine_map<(t, c) -> (t)>,
                       affine_map<(t, c) -> (t, c)>],
      iterator_types = ["parallel", "parallel"]}
      ins(%tokens, %positions : tensor<?xi32>, tensor<?xi32>)
      outs(%empty : tensor<?x?xf32>) {
  ^bb0(%token_i32: i32, %position_i32: i32, %out: f32):
    %token = arith.index_cast %token_i32 : i32 to index
    %position = arith.index_cast %position_i32 : i32 to index
    %c = linalg.index 1 : index
    %what = tensor.extract %wte[%token, %c] : tensor<?x?xf32>
    %where = tensor.extract %wpe[%position, %c] : tensor<?x?xf32>
    %sum = arith.addf %what, %where : f32
    linalg.yield %sum : f32
  } -> tensor<?x?xf32>
  return %x : tensor<?x?xf32>
}
