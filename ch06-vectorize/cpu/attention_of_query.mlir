// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Attention of one token, for steps that give each of many sequences a token:
// there are no other queries to share a key with.

// One query (D) over n keys and values (n, D) -> y (D).
func.func private @attention_of_query(
    %q: tensor<?xf32>, %keys: tensor<?x?xf32>, %values: tensor<?x?xf32>,
    %y: tensor<?xf32>) -> tensor<?xf32> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %lowest = arith.constant 0xFF800000 : f32 // minus infinity
  %D = tensor.dim %q, %c0 : tensor<?xf32>
  %n = tensor.dim %keys, %c0 : tensor<?x?xf32>
  %D_i64 = arith.index_cast %D : index to i64
  %D_f32 = arith.uitofp %D_i64 : i64 to f32
  %scale = math.rsqrt %D_f32 : f32
  %empty = tensor.empty(%n) : tensor<?xf32>
  %empty_one = tensor.empty() : tensor<f32>
  %no_scores = linalg.fill ins(%zero : f32) outs(%empty : tensor<?xf32>)
      -> tensor<?xf32>
  %dots = linalg.generic {
      indexing_maps = [affine_map<(j, d) -> (j, d)>, affine_map<(j, d) -> (d)>,
                       affine_map<(j, d) -> (j)>],
      iterator_types = ["parallel", "reduction"]}
      ins(%keys, %q : tensor<?x?xf32>, tensor<?xf32>)
      outs(%no_scores : tensor<?xf32>) {
  ^bb0(%k: f32, %v: f32, %acc: f32):
    %product = arith.mulf %k, %v fastmath<reassoc> : f32
    %sum = arith.addf %acc, %product fastmath<reassoc> : f32
    linalg.yield %sum : f32
  } -> tensor<?xf32>
  %no_max = linalg.fill ins(%lowest : f32) outs(%empty_one : tensor<f32>)
      -> tensor<f32>
  %max = linalg.reduce { arith.maximumf } ins(%dots : tensor<?xf32>)
      outs(%no_max : tensor<f32>) dimensions = [0]
  %exps = linalg.generic {
      indexing_maps = [affine_map<(j) -> (j)>, affine_map<(j) -> ()>,
                       affine_map<(j) -> (j)>],
      iterator_types = ["parallel"]}
      ins(%dots, %max : tensor<?xf32>, tensor<f32>)
      outs(%empty : tensor<?xf32>) {
  ^bb0(%x: f32, %largest: f32, %out: f32):
    %below = arith.subf %x, %largest : f32
    %scaled = arith.mulf %below, %scale : f32
    %exp = math.exp %scaled : f32
    linalg.yield %exp : f32
  } -> tensor<?xf32>
  %no_sum = linalg.fill ins(%zero : f32) outs(%empty_one : tensor<f32>)
      -> tensor<f32>
  %total = linalg.generic {
      indexing_maps = [affine_map<(j) -> (j)>, affine_map<(j) -> ()>],
      iterator_types = ["reduction"]}
      ins(%exps : tensor<?xf32>) outs(%no_sum : tensor<f32>) {
  ^bb0(%exp: f32, %acc: f32):
    %sum = arith.addf %acc, %exp fastmath<reassoc> : f32
    linalg.yield %sum : f32
  } -> tensor<f32>
  %no_y = linalg.fill ins(%zero : f32) outs(%y : tensor<?xf32>) -> tensor<?xf32>
  %mixed = linalg.generic {
      indexing_maps = [affine_map<(j, d) -> (j)>, affine_map<(j, d) -> (j, d)>,
                       affine_map<(j, d) -> (d)>],
      iterator_types = ["reduction", "parallel"]}
      ins(%exps, %values : tensor<?xf32>, tensor<?x?xf32>)
      outs(%no_y : tensor<?xf32>) {
  ^bb0(%exp: f32, %v: f32, %acc: f32):
    %product = arith.mulf %exp, %v : f32
    %sum = arith.addf %acc, %product : f32
    linalg.yield %sum : f32
  } -> tensor<?xf32>
  %result = linalg.generic {
      indexing_maps = [affine_map<(d) -> ()>, affine_map<(d) -> (d)>],
      iterator_types = ["parallel"]}
      ins(%total : tensor<f32>) outs(%mixed : tensor<?xf32>) {
  ^bb0(%sum: f32, %v: f32):
    %share = arith.divf %v, %sum : f32
    linalg.yield %share : f32
  } -> tensor<?xf32>
  return %result : tensor<?xf32>
}
