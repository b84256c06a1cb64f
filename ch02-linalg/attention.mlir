// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Causal self-attention (Vaswani et al. 2017), all heads and queries at once:
//   s[h, i, j] = q[i, h] . k[j, h] / sqrt(D), minus infinity where j > i
//   p[h, i, j] = exp(s[h, i, j] - max over j) / sum over j
//   y[i, h, d] = sum over j of p[h, i, j] * v[j, h, d]
// qkv (T, 3, H, D) -> y (T, H, D); q, k, v are qkv's 0, 1, 2.
#scores = affine_map<(h, i, j) -> (h, i, j)>
#query = affine_map<(h, i, j) -> (h, i)>
func.func private @attention(%qkv: tensor<?x3x?x?xf32>) -> tensor<?x?x?xf32> {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %zero = arith.constant 0.0 : f32
  %lowest = arith.constant 0xFF800000 : f32 // minus infinity
  %T = tensor.dim %qkv, %c0 : tensor<?x3x?x?xf32>
  %H = tensor.dim %qkv, %c2 : tensor<?x3x?x?xf32>
  %D = tensor.dim %qkv, %c3 : tensor<?x3x?x?xf32>
  %D_i64 = arith.index_cast %D : index to i64
  %D_f32 = arith.uitofp %D_i64 : i64 to f32
  %scale = math.rsqrt %D_f32 : f32

  // Views: nothing is copied to take qkv apart.
  %q = tensor.extract_slice %qkv[0, 0, 0, 0] [%T, 1, %H, %D] [1, 1, 1, 1]
      : tensor<?x3x?x?xf32> to tensor<?x?x?xf32>
  %k = tensor.extract_slice %qkv[0, 1, 0, 0] [%T, 1, %H, %D] [1, 1, 1, 1]
      : tensor<?x3x?x?xf32> to tensor<?x?x?xf32>
  %v = tensor.extract_slice %qkv[0, 2, 0, 0] [%T, 1, %H, %D] [1, 1, 1, 1]
      : tensor<?x3x?x?xf32> to tensor<?x?x?xf32>

  // A matrix product for each head: (H, T, D) times (H, D, T).
  %empty_q = tensor.empty(%H, %T, %D) : tensor<?x?x?xf32>
  %q_heads = linalg.transpose ins(%q : tensor<?x?x?xf32>)
      outs(%empty_q : tensor<?x?x?xf32>) permutation = [1, 0, 2]
  %empty_k = tensor.empty(%H, %D, %T) : tensor<?x?x?xf32>
  %k_columns = linalg.transpose ins(%k : tensor<?x?x?xf32>)
      outs(%empty_k : tensor<?x?x?xf32>) permutation = [1, 2, 0]
  %empty_s = tensor.empty(%H, %T, %T) : tensor<?x?x?xf32>
  %no_scores = linalg.fill ins(%zero : f32) outs(%empty_s : tensor<?x?x?xf32>)
      -> tensor<?x?x?xf32>
  %dots = linalg.batch_matmul
      ins(%q_heads, %k_columns : tensor<?x?x?xf32>, tensor<?x?x?xf32>)
      outs(%no_scores : tensor<?x?x?xf32>) -> tensor<?x?x?xf32>

  %scaled = linalg.generic {
      indexing_maps = [#scores, #scores],
      iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%dots : tensor<?x?x?xf32>) outs(%empty_s : tensor<?x?x?xf32>) {
  ^bb0(%dot: f32, %out: f32):
    %score = arith.mulf %dot, %scale : f32
    linalg.yield %score : f32
  } -> tensor<?x?x?xf32>

  // A token sees itself and what precedes it.
  %masked = linalg.generic {
      indexing_maps = [#scores, #scores],
      iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%scaled : tensor<?x?x?xf32>) outs(%empty_s : tensor<?x?x?xf32>) {
  ^bb0(%score: f32, %out: f32):
    %i = linalg.index 1 : index
    %j = linalg.index 2 : index
    %seen = arith.cmpi ule, %j, %i : index
    %s = arith.select %seen, %score, %lowest : f32
    linalg.yield %s : f32
  } -> tensor<?x?x?xf32>

  // softmax over j
  %empty_row = tensor.empty(%H, %T) : tensor<?x?xf32>
  %no_max = linalg.fill ins(%lowest : f32) outs(%empty_row : tensor<?x?xf32>)
      -> tensor<?x?xf32>
  %max = linalg.reduce { arith.maximumf } ins(%masked : tensor<?x?x?xf32>)
      outs(%no_max : tensor<?x?xf32>) dimensions = [2]
  %exps = linalg.generic {
      indexing_maps = [#scores, #query, #scores],
      iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%masked, %max : tensor<?x?x?xf32>, tensor<?x?xf32>)
      outs(%empty_s : tensor<?x?x?xf32>) {
  ^bb0(%s: f32, %m: f32, %out: f32):
    %below = arith.subf %s, %m : f32
    %exp = math.exp %below : f32
    linalg.yield %exp : f32
  } -> tensor<?x?x?xf32>
  %no_sum = linalg.fill ins(%zero : f32) outs(%empty_row : tensor<?x?xf32>)
      -> tensor<?x?xf32>
  %sum = linalg.reduce { arith.addf } ins(%exps : tensor<?x?x?xf32>)
      outs(%no_sum : tensor<?x?xf32>) dimensions = [2]
  %p = linalg.generic {
      indexing_maps = [#scores, #query, #scores],
      iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%exps, %sum : tensor<?x?x?xf32>, tensor<?x?xf32>)
      outs(%empty_s : tensor<?x?x?xf32>) {
  ^bb0(%exp: f32, %total: f32, %out: f32):
    %share = arith.divf %exp, %total : f32
    linalg.yield %share : f32
  } -> tensor<?x?x?xf32>

  // The weighted values: each head reads its part of v, and writes its part of
  // y, where they are.
  %empty_y = tensor.empty(%T, %H, %D) : tensor<?x?x?xf32>
  %no_y = linalg.fill ins(%zero : f32) outs(%empty_y : tensor<?x?x?xf32>)
      -> tensor<?x?x?xf32>
  %y = linalg.generic {
      indexing_maps = [affine_map<(h, i, d, j) -> (h, i, j)>,
                       affine_map<(h, i, d, j) -> (j, h, d)>,
                       affine_map<(h, i, d, j) -> (i, h, d)>],
      iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%p, %v : tensor<?x?x?xf32>, tensor<?x?x?xf32>)
      outs(%no_y : tensor<?x?x?xf32>) {
  ^bb0(%share: f32, %value: f32, %acc: f32):
    %weighted = arith.mulf %share, %value : f32
    %next = arith.addf %acc, %weighted : f32
    linalg.yield %next : f32
  } -> tensor<?x?x?xf32>
  return %y : tensor<?x?x?xf32>
}
