// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Causal self-attention (Vaswani et al. 2017) over what the cache holds, for
// token t at position p = positions[t] of sequence s = sequences[t]:
//   x[h, j] = q[t, h] . keys[s, l, h, j] / sqrt(D)             for j <= p
//   w[h, j] = exp(x[h, j] - max over j) / sum over j
//   y[t, h, d] = sum over j of w[h, j] * values[s, l, h, j, d]
// Each token takes of the cache what is filled, p + 1 positions: there is no
// mask, and nothing is computed that a mask would hide.
// qkv (T, 3, H, D), keys, values (S, L, H, P, D), a layer, sequences (T),
// positions (T) -> y (T, H, D)
#score = affine_map<(h, j) -> (h, j)>
#head = affine_map<(h, j) -> (h)>
func.func private @attention(
    %qkv: tensor<?x3x?x?xf32>, %keys: tensor<?x?x?x?x?xf32>,
    %values: tensor<?x?x?x?x?xf32>, %l: index, %sequences: tensor<?xi32>,
    %positions: tensor<?xi32>) -> tensor<?x?x?xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
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

  %empty = tensor.empty(%T, %H, %D) : tensor<?x?x?xf32>
  %y = scf.for %t = %c0 to %T step %c1
      iter_args(%rows = %empty) -> (tensor<?x?x?xf32>) {
    %s_i32 = tensor.extract %sequences[%t] : tensor<?xi32>
    %p_i32 = tensor.extract %positions[%t] : tensor<?xi32>
    %s = arith.index_cast %s_i32 : i32 to index
    %p = arith.index_cast %p_i32 : i32 to index
    %n = arith.addi %p, %c1 : index
    %q = tensor.extract_slice %qkv[%t, 0, 0, 0] [1, 1, %H, %D] [1, 1, 1, 1]
        : tensor<?x3x?x?xf32> to tensor<?x?xf32>
    %k = tensor.extract_slice %keys[%s, %l, 0, 0, 0] [1, 1, %H, %n, %D]
        [1, 1, 1, 1, 1] : tensor<?x?x?x?x?xf32> to tensor<?x?x?xf32>
    %v = tensor.extract_slice %values[%s, %l, 0, 0, 0] [1, 1, %H, %n, %D]
        [1, 1, 1, 1, 1] : tensor<?x?x?x?x?xf32> to tensor<?x?x?xf32>

    // For each head, a matrix times a vector: (H, n, D) times (H, D). In which
    // order a sum's terms are added is left to the compiler: reassoc.
    %empty_x = tensor.empty(%H, %n) : tensor<?x?xf32>
    %no_x = linalg.fill ins(%zero : f32) outs(%empty_x : tensor<?x?xf32>)
        -> tensor<?x?xf32>
    %dots = linalg.generic {
        indexing_maps = [affine_map<(h, j, d) -> (h, j, d)>,
                         affine_map<(h, j, d) -> (h, d)>,
                         affine_map<(h, j, d) -> (h, j)>],
        iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%k, %q : tensor<?x?x?xf32>, tensor<?x?xf32>)
        outs(%no_x : tensor<?x?xf32>) {
    ^bb0(%kd: f32, %qd: f32, %acc: f32):
      %product = arith.mulf %kd, %qd fastmath<reassoc> : f32
      %sum = arith.addf %acc, %product fastmath<reassoc> : f32
      linalg.yield %sum : f32
    } -> tensor<?x?xf32>
    %x = linalg.generic {indexing_maps = [#score, #score],
                         iterator_types = ["parallel", "parallel"]}
        ins(%dots : tensor<?x?xf32>) outs(%empty_x : tensor<?x?xf32>) {
    ^bb0(%dot: f32, %out: f32):
      %score = arith.mulf %dot, %scale : f32
      linalg.yield %score : f32
    } -> tensor<?x?xf32>

    // softmax over j
    %empty_head = tensor.empty(%H) : tensor<?xf32>
    %no_max = linalg.fill ins(%lowest : f32) outs(%empty_head : tensor<?xf32>)
        -> tensor<?xf32>
    %max = linalg.reduce { arith.maximumf } ins(%x : tensor<?x?xf32>)
        outs(%no_max : tensor<?xf32>) dimensions = [1]
    %exps = linalg.generic {indexing_maps = [#score, #head, #score],
                            iterator_types = ["parallel", "parallel"]}
        ins(%x, %max : tensor<?x?xf32>, tensor<?xf32>)
        outs(%empty_x : tensor<?x?xf32>) {
    ^bb0(%score: f32, %m: f32, %out: f32):
      %below = arith.subf %score, %m : f32
      %exp = math.exp %below : f32
      linalg.yield %exp : f32
    } -> tensor<?x?xf32>
    %no_sum = linalg.fill ins(%zero : f32) outs(%empty_head : tensor<?xf32>)
        -> tensor<?xf32>
    %sum = linalg.reduce { arith.addf } ins(%exps : tensor<?x?xf32>)
        outs(%no_sum : tensor<?xf32>) dimensions = [1]
    %w = linalg.generic {indexing_maps = [#score, #head, #score],
                         iterator_types = ["parallel", "parallel"]}
        ins(%exps, %sum : tensor<?x?xf32>, tensor<?xf32>)
        outs(%empty_x : tensor<?x?xf32>) {
    ^bb0(%exp: f32, %total: f32, %out: f32):
      %share = arith.divf %exp, %total : f32
      linalg.yield %share : f32
    } -> tensor<?x?xf32>

    // The weighted values: (H, n) times (H, n, D), where the result is wanted.
    %place = tensor.extract_slice %rows[%t, 0, 0] [1, %H, %D] [1, 1, 1]
        : tensor<?x?x?xf32> to tensor<?x?xf32>
    %no_y = linalg.fill ins(%zero : f32) outs(%place : tensor<?x?xf32>)
        -> tensor<?x?xf32>
    %mixed = linalg.batch_vecmat ins(%w, %v : tensor<?x?xf32>, tensor<?x?x?xf32>)
        outs(%no_y : tensor<?x?xf32>) -> tensor<?x?xf32>
    %next = tensor.insert_slice %mixed into %rows[%t, 0, 0] [1, %H, %D] [1, 1, 1]
        : tensor<?x?xf32> into tensor<?x?x?xf32>
    scf.yield %next : tensor<?x?x?xf32>
  }
  return %y : tensor<?x?x?xf32>
}
