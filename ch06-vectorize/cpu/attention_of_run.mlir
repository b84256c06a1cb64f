// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Attention of up to 32 tokens of one sequence, blocked (Milakov & Gimelshein 2018;
// Dao et al. 2022): 32 queries at once meet 64 keys at a time, and of a row of
// scores no more than that is ever there. With
//   x[j, i] = keys[j] . q[i] / sqrt(D)             for j <= position of i
// each block of keys takes on what is known of the keys before it,
//   m[i]: the largest x   s[i]: the sum of exp(x - m)   y[i]: that of exp(x - m) v
// and when m grows, s and y shrink by exp(old m - new m). Queries are the last
// dimension: 32 of them are two vectors of 16 floats, and nothing is ever summed
// across a vector.

#ji = affine_map<(j, i) -> (j, i)>
#i = affine_map<(j, i) -> (i)>

// What 64 keys and their values add: scores, the new m, s and y (D, 32).
func.func private @attend(
    %keys: tensor<64x?xf32>, %values: tensor<64x?xf32>, %queries: tensor<?x32xf32>,
    %from: index, %first: index, %m: tensor<32xf32>, %s: tensor<32xf32>,
    %y: tensor<?x32xf32>)
    -> (tensor<32xf32>, tensor<32xf32>, tensor<?x32xf32>) {
  %zero = arith.constant 0.0 : f32
  %lowest = arith.constant 0xFF800000 : f32 // minus infinity
  %empty = tensor.empty() : tensor<64x32xf32>
  %empty_row = tensor.empty() : tensor<32xf32>
  %no_scores = linalg.fill ins(%zero : f32) outs(%empty : tensor<64x32xf32>)
      -> tensor<64x32xf32>
  %scores = linalg.generic {
      indexing_maps = [affine_map<(j, i, d) -> (j, d)>,
                       affine_map<(j, i, d) -> (d, i)>,
                       affine_map<(j, i, d) -> (j, i)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%keys, %queries : tensor<64x?xf32>, tensor<?x32xf32>)
      outs(%no_scores : tensor<64x32xf32>)
      attrs = {gpt2.op = "attention.scores"} {
  ^bb0(%k: f32, %q: f32, %acc: f32):
    %product = arith.mulf %k, %q : f32
    %sum = arith.addf %acc, %product : f32
    linalg.yield %sum : f32
  } -> tensor<64x32xf32>
  // Key from + j is seen by query first + i if it is not behind it.
  %seen = linalg.generic {
      indexing_maps = [#ji, #ji], iterator_types = ["parallel", "parallel"]}
      ins(%scores : tensor<64x32xf32>) outs(%empty : tensor<64x32xf32>)
      attrs = {gpt2.op = "attention.seen"} {
  ^bb0(%x: f32, %out: f32):
    %j = linalg.index 0 : index
    %i = linalg.index 1 : index
    %key = arith.addi %from, %j : index
    %query = arith.addi %first, %i : index
    %is_seen = arith.cmpi ule, %key, %query : index
    %score = arith.select %is_seen, %x, %lowest : f32
    linalg.yield %score : f32
  } -> tensor<64x32xf32>
  %new_m = linalg.generic {
      indexing_maps = [#ji, #i], iterator_types = ["reduction", "parallel"]}
      ins(%seen : tensor<64x32xf32>) outs(%m : tensor<32xf32>)
      attrs = {gpt2.op = "attention.max"} {
  ^bb0(%x: f32, %old: f32):
    %max = arith.maxnumf %old, %x : f32
    linalg.yield %max : f32
  } -> tensor<32xf32>
  %weights = linalg.generic {
      indexing_maps = [#ji, #i, #ji], iterator_types = ["parallel", "parallel"]}
      ins(%seen, %new_m : tensor<64x32xf32>, tensor<32xf32>)
      outs(%empty : tensor<64x32xf32>)
      attrs = {gpt2.op = "attention.weights"} {
  ^bb0(%x: f32, %max: f32, %out: f32):
    %below = arith.subf %x, %max : f32
    %exp = math.exp %below : f32
    linalg.yield %exp : f32
  } -> tensor<64x32xf32>
  %shrink = linalg.generic {
      indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>,
                       affine_map<(i) -> (i)>],
      iterator_types = ["parallel"]}
      ins(%m, %new_m : tensor<32xf32>, tensor<32xf32>)
      outs(%empty_row : tensor<32xf32>)
      attrs = {gpt2.op = "attention.shrink"} {
  ^bb0(%old: f32, %new: f32, %out: f32):
    %below = arith.subf %old, %new : f32
    %exp = math.exp %below : f32
    linalg.yield %exp : f32
  } -> tensor<32xf32>
  %shrunk_s = linalg.generic {
      indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>],
      iterator_types = ["parallel"]}
      ins(%shrink : tensor<32xf32>) outs(%s : tensor<32xf32>)
      attrs = {gpt2.op = "attention.shrunk_sum"} {
  ^bb0(%factor: f32, %old: f32):
    %less = arith.mulf %factor, %old : f32
    linalg.yield %less : f32
  } -> tensor<32xf32>
  %new_s = linalg.generic {
      indexing_maps = [#ji, #i], iterator_types = ["reduction", "parallel"]}
      ins(%weights : tensor<64x32xf32>) outs(%shrunk_s : tensor<32xf32>)
      attrs = {gpt2.op = "attention.sum"} {
  ^bb0(%w: f32, %acc: f32):
    %sum = arith.addf %acc, %w : f32
    linalg.yield %sum : f32
  } -> tensor<32xf32>
  %shrunk_y = linalg.generic {
      indexing_maps = [#i, #ji], iterator_types = ["parallel", "parallel"]}
      ins(%shrink : tensor<32xf32>) outs(%y : tensor<?x32xf32>)
      attrs = {gpt2.op = "attention.shrunk_values"} {
  ^bb0(%factor: f32, %old: f32):
    %less = arith.mulf %factor, %old : f32
    linalg.yield %less : f32
  } -> tensor<?x32xf32>
  %new_y = linalg.generic {
      indexing_maps = [affine_map<(d, i, j) -> (j, d)>,
                       affine_map<(d, i, j) -> (j, i)>,
                       affine_map<(d, i, j) -> (d, i)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%values, %weights : tensor<64x?xf32>, tensor<64x32xf32>)
      outs(%shrunk_y : tensor<?x32xf32>)
      attrs = {gpt2.op = "attention.values"} {
  ^bb0(%v: f32, %w: f32, %acc: f32):
    %product = arith.mulf %v, %w : f32
    %sum = arith.addf %acc, %product : f32
    linalg.yield %sum : f32
  } -> tensor<?x32xf32>
  return %new_m, %new_s, %new_y
      : tensor<32xf32>, tensor<32xf32>, tensor<?x32xf32>
}

// The queries of tokens first to first + count of one sequence, at most 32, whose
// positions follow each other: q (count, D) -> y (count, D).
func.func private @attention_of_run(
    %q: tensor<?x?xf32>, %keys: tensor<?x?xf32>, %values: tensor<?x?xf32>,
    %first: index, %y: tensor<?x?xf32>) -> tensor<?x?xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c64 = arith.constant 64 : index
  %zero = arith.constant 0.0 : f32
  %lowest = arith.constant 0xFF800000 : f32 // minus infinity
  %count = tensor.dim %q, %c0 : tensor<?x?xf32>
  %D = tensor.dim %q, %c1 : tensor<?x?xf32>
  %D_i64 = arith.index_cast %D : index to i64
  %D_f32 = arith.uitofp %D_i64 : i64 to f32
  %scale = math.rsqrt %D_f32 : f32

  // The queries' transpose, zeros where there are none.
  %empty_q = tensor.empty(%D) : tensor<?x32xf32>
  %no_q = linalg.fill ins(%zero : f32) outs(%empty_q : tensor<?x32xf32>)
      -> tensor<?x32xf32>
  %columns = tensor.extract_slice %no_q[0, 0] [%D, %count] [1, 1]
      : tensor<?x32xf32> to tensor<?x?xf32>
  %q_columns = linalg.generic {
      indexing_maps = [affine_map<(d, i) -> (i, d)>,
                       affine_map<(d, i) -> (d, i)>],
      iterator_types = ["parallel", "parallel"]}
      ins(%q : tensor<?x?xf32>) outs(%columns : tensor<?x?xf32>) {
  ^bb0(%v: f32, %out: f32):
    %scaled = arith.mulf %v, %scale : f32
    linalg.yield %scaled : f32
  } -> tensor<?x?xf32>
  %queries = tensor.insert_slice %q_columns into %no_q[0, 0] [%D, %count] [1, 1]
      : tensor<?x?xf32> into tensor<?x32xf32>

  %empty_row = tensor.empty() : tensor<32xf32>
  %no_m = linalg.fill ins(%lowest : f32) outs(%empty_row : tensor<32xf32>)
      -> tensor<32xf32>
  %no_s = linalg.fill ins(%zero : f32) outs(%empty_row : tensor<32xf32>)
      -> tensor<32xf32>
  %no_y = linalg.fill ins(%zero : f32) outs(%empty_q : tensor<?x32xf32>)
      -> tensor<?x32xf32>

  // Whole blocks of keys where they are, the rest with zeros behind it.
  %n = arith.addi %first, %count : index
  %rest = arith.remui %n, %c64 : index
  %whole = arith.subi %n, %rest : index
  %m1, %s1, %y1 = scf.for %from = %c0 to %whole step %c64
      iter_args(%m = %no_m, %s = %no_s, %acc = %no_y)
      -> (tensor<32xf32>, tensor<32xf32>, tensor<?x32xf32>) {
    %ks = tensor.extract_slice %keys[%from, 0] [64, %D] [1, 1]
        : tensor<?x?xf32> to tensor<64x?xf32>
    %vs = tensor.extract_slice %values[%from, 0] [64, %D] [1, 1]
        : tensor<?x?xf32> to tensor<64x?xf32>
    %m1, %s1, %y1 = func.call @attend(
        %ks, %vs, %queries, %from, %first, %m, %s, %acc)
        : (tensor<64x?xf32>, tensor<64x?xf32>, tensor<?x32xf32>, index, index,
           tensor<32xf32>, tensor<32xf32>, tensor<?x32xf32>)
        -> (tensor<32xf32>, tensor<32xf32>, tensor<?x32xf32>)
    scf.yield %m1, %s1, %y1 : tensor<32xf32>, tensor<32xf32>, tensor<?x32xf32>
  }
  %empty_block = tensor.empty(%D) : tensor<64x?xf32>
  %zeros = linalg.fill ins(%zero : f32) outs(%empty_block : tensor<64x?xf32>)
      -> tensor<64x?xf32>
  %m2, %s2, %y2 = scf.for %from = %whole to %n step %c64
      iter_args(%m = %m1, %s = %s1, %acc = %y1)
      -> (tensor<32xf32>, tensor<32xf32>, tensor<?x32xf32>) {
    %k_rows = tensor.extract_slice %keys[%from, 0] [%rest, %D] [1, 1]
        : tensor<?x?xf32> to tensor<?x?xf32>
    %v_rows = tensor.extract_slice %values[%from, 0] [%rest, %D] [1, 1]
        : tensor<?x?xf32> to tensor<?x?xf32>
    %ks = tensor.insert_slice %k_rows into %zeros[0, 0] [%rest, %D] [1, 1]
        : tensor<?x?xf32> into tensor<64x?xf32>
    %vs = tensor.insert_slice %v_rows into %zeros[0, 0] [%rest, %D] [1, 1]
        : tensor<?x?xf32> into tensor<64x?xf32>
    %m2, %s2, %y2 = func.call @attend(
        %ks, %vs, %queries, %from, %first, %m, %s, %acc)
        : (tensor<64x?xf32>, tensor<64x?xf32>, tensor<?x32xf32>, index, index,
           tensor<32xf32>, tensor<32xf32>, tensor<?x32xf32>)
        -> (tensor<32xf32>, tensor<32xf32>, tensor<?x32xf32>)
    scf.yield %m2, %s2, %y2 : tensor<32xf32>, tensor<32xf32>, tensor<?x32xf32>
  }

  %mixed = tensor.extract_slice %y2[0, 0] [%D, %count] [1, 1]
      : tensor<?x32xf32> to tensor<?x?xf32>
  %sums = tensor.extract_slice %s2[0] [%count] [1]
      : tensor<32xf32> to tensor<?xf32>
  %result = linalg.generic {
      indexing_maps = [affine_map<(i, d) -> (d, i)>, affine_map<(i, d) -> (i)>,
                       affine_map<(i, d) -> (i, d)>],
      iterator_types = ["parallel", "parallel"]}
      ins(%mixed, %sums : tensor<?x?xf32>, tensor<?xf32>)
      outs(%y : tensor<?x?xf32>) {
  ^bb0(%v: f32, %sum: f32, %out: f32):
    %share = arith.divf %v, %sum : f32
    linalg.yield %share : f32
  } -> tensor<?x?xf32>
  return %result : tensor<?x?xf32>
}
