// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Causal self-attention over what the cache holds, as @attention, for many tokens
// and by the chip's matrix units, where D is a multiple of 16 and at most 64.
// Scores are never in the device's memory.
//
// A block takes a head of 64 tokens, each of its four subgroups 16 of them. Keys
// and values come 32 at a time, rounded to bf16, into shared memory; a subgroup
// multiplies its queries with the keys, turns the scores into weights, rounds
// them and multiplies them with the values. That needs the largest score before
// all scores are known: sums are of exp(score - largest so far), and when a larger
// one comes, all that was added up is multiplied by exp(before - now) (Milakov
// and Gimelshein 2018; Dao et al. 2022).
//
// Tokens that follow each other in one sequence, a run, see the same keys. There
// may be several runs among the 64; then each is gone through with the others'
// rows hidden. Two lanes share a row of scores, each takes 16 of 32.
// qkv (T, 3, H, D), keys, values (S, L, H, P, D), a layer, sequences (T),
// positions (T) -> y (T, H, D)
#shared = #gpu.address_space<workgroup>
#left = affine_map<(m, n, k) -> (m, k)>
#right = affine_map<(m, n, k) -> (k, n)>
#right_transposed = affine_map<(m, n, k) -> (n, k)>
#sum = affine_map<(m, n, k) -> (m, n)>
!tile = vector<16x16xf32>
!wide = memref<64x72xbf16, #gpu.address_space<workgroup>>
!half = memref<32x72xbf16, #gpu.address_space<workgroup>>
!scores = memref<64x36xf32, #gpu.address_space<workgroup>>
!weights = memref<64x40xbf16, #gpu.address_space<workgroup>>
!column = memref<64x4xf32, #gpu.address_space<workgroup>>
func.func private @attention_in_bf16(
    %qkv: tensor<?x3x?x?xf32>, %keys: tensor<?x?x?x?x?xf32>,
    %values: tensor<?x?x?x?x?xf32>, %l: index, %sequences: tensor<?xi32>,
    %positions: tensor<?xi32>) -> tensor<?x?x?xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %c4 = arith.constant 4 : index
  %c8 = arith.constant 8 : index
  %c16 = arith.constant 16 : index
  %c32 = arith.constant 32 : index
  %c48 = arith.constant 48 : index
  %c64 = arith.constant 64 : index
  %q_groups = arith.constant 512 : index   // of 8: 64 x 64
  %k_groups = arith.constant 256 : index   // of 8: 32 x 64
  %y_elements = arith.constant 2048 : index // 64 x 32
  %zero = arith.constant 0.0 : f32
  %one = arith.constant 1.0 : f32
  %lowest = arith.constant -1.0e30 : f32 // below every score, and finite
  %zeros = arith.constant dense<0.0> : !tile
  %no_group = arith.constant dense<0.0> : vector<8xf32>
  %true = arith.constant true
  %T = tensor.dim %qkv, %c0 : tensor<?x3x?x?xf32>
  %H = tensor.dim %qkv, %c2 : tensor<?x3x?x?xf32>
  %D = tensor.dim %qkv, %c3 : tensor<?x3x?x?xf32>
  %last_t = arith.subi %T, %c1 : index
  %last_eight = arith.subi %D, %c8 : index
  %D_i64 = arith.index_cast %D : index to i64
  %D_f32 = arith.uitofp %D_i64 : i64 to f32
  %scale = math.rsqrt %D_f32 : f32

  %from = bufferization.to_buffer %qkv read_only
      : tensor<?x3x?x?xf32> to memref<?x3x?x?xf32>
  %ks = bufferization.to_buffer %keys read_only
      : tensor<?x?x?x?x?xf32> to memref<?x?x?x?x?xf32>
  %vs = bufferization.to_buffer %values read_only
      : tensor<?x?x?x?x?xf32> to memref<?x?x?x?x?xf32>
  %ss = bufferization.to_buffer %sequences read_only
      : tensor<?xi32> to memref<?xi32>
  %ps = bufferization.to_buffer %positions read_only
      : tensor<?xi32> to memref<?xi32>
  %to = memref.alloc(%T, %H, %D) : memref<?x?x?xf32>

  %lanes = gpu.subgroup_size : index
  %threads = arith.muli %lanes, %c4 : index
  %blocks = arith.ceildivui %T, %c64 : index
  gpu.launch blocks(%h, %by, %bz) in (%gx = %H, %gy = %blocks, %gz = %c1)
      threads(%lane, %subgroup, %tz) in (%sx = %lanes, %sy = %c4, %sz = %c1)
      workgroup(%q_tile: !wide, %k_tile: !half, %v_tile: !half,
                %s_tile: !scores, %p_tile: !weights, %factors: !column) {
    %first_t = arith.muli %by, %c64 : index
    %left = arith.subi %T, %first_t : index
    %rows = arith.minui %left, %c64 : index
    %before = arith.muli %subgroup, %lanes : index
    %thread = arith.addi %before, %lane : index
    %first_row = arith.muli %subgroup, %c16 : index
    // The row of scores that this lane shares with a neighbour, and its columns.
    %pair = arith.divui %lane, %c2 : index
    %pair_in = arith.remui %pair, %c16 : index
    %own_row = arith.addi %first_row, %pair_in : index
    %side = arith.remui %lane, %c2 : index
    %own_column = arith.muli %side, %c16 : index
    %writes = arith.cmpi ult, %lane, %c32 : index // of 64 lanes half repeat
    %is_left = arith.cmpi eq, %side, %c0 : index
    %writes_row = arith.andi %writes, %is_left : i1

    // Queries; zeros behind D.
    scf.for %i = %thread to %q_groups step %threads {
      %row = arith.divui %i, %c8 : index
      %group = arith.remui %i, %c8 : index
      %d = arith.muli %group, %c8 : index
      %t = arith.addi %first_t, %row : index
      %t_in = arith.minui %t, %last_t : index
      %d_in = arith.minui %d, %last_eight : index
      %read = vector.load %from[%t_in, %c0, %h, %d_in] {alignment = 16 : i64}
          : memref<?x3x?x?xf32>, vector<8xf32>
      %exists = arith.cmpi ult, %d, %D : index
      %v = arith.select %exists, %read, %no_group : vector<8xf32>
      %rounded = arith.truncf %v : vector<8xf32> to vector<8xbf16>
      vector.store %rounded, %q_tile[%row, %d] {alignment = 16 : i64}
          : !wide, vector<8xbf16>
    }

    // Each row's largest score, its sum, and four tiles of weighted values.
    %all:6 = scf.for %start = %c0 to %rows step %c1
        iter_args(%m_0 = %lowest, %n_0 = %zero, %y0_0 = %zeros, %y1_0 = %zeros,
                  %y2_0 = %zeros, %y3_0 = %zeros)
        -> (f32, f32, !tile, !tile, !tile, !tile) {
      %start_t = arith.addi %first_t, %start : index
      %is_first = arith.cmpi eq, %start, %c0 : index
      %one_less = arith.subi %start_t, %c1 : index
      %previous_t = arith.select %is_first, %start_t, %one_less : index
      %s_i32 = memref.load %ss[%start_t] : memref<?xi32>
      %p_i32 = memref.load %ps[%start_t] : memref<?xi32>
      %previous_s = memref.load %ss[%previous_t] : memref<?xi32>
      %previous_p = memref.load %ps[%previous_t] : memref<?xi32>
      %one_i32 = arith.constant 1 : i32
      %next_p = arith.addi %previous_p, %one_i32 : i32
      %other_s = arith.cmpi ne, %s_i32, %previous_s : i32
      %other_p = arith.cmpi ne, %p_i32, %next_p : i32
      %breaks = arith.ori %other_s, %other_p : i1
      %starts = arith.ori %breaks, %is_first : i1
      %run:6 = scf.if %starts -> (f32, f32, !tile, !tile, !tile, !tile) {
        // How far the run goes.
        %after = arith.addi %start, %c1 : index
        %end, %open = scf.for %i = %after to %rows step %c1
            iter_args(%e = %after, %o = %true) -> (index, i1) {
          %t = arith.addi %first_t, %i : index
          %s_of_t = memref.load %ss[%t] : memref<?xi32>
          %p_of_t = memref.load %ps[%t] : memref<?xi32>
          %distance = arith.subi %i, %start : index
          %distance_i32 = arith.index_cast %distance : index to i32
          %p_in_run = arith.addi %p_i32, %distance_i32 : i32
          %same_s = arith.cmpi eq, %s_of_t, %s_i32 : i32
          %same_p = arith.cmpi eq, %p_of_t, %p_in_run : i32
          %same = arith.andi %same_s, %same_p : i1
          %goes_on = arith.andi %same, %o : i1
          %further = arith.addi %i, %c1 : index
          %e_next = arith.select %goes_on, %further, %e : index
          scf.yield %e_next, %goes_on : index, i1
        }
        %s = arith.index_cast %s_i32 : i32 to index
        %p = arith.index_cast %p_i32 : i32 to index
        %length = arith.subi %end, %start : index
        %n_keys = arith.addi %p, %length : index
        %last_key = arith.subi %n_keys, %c1 : index
        // The keys that this lane's row sees: none if it is not of the run.
        %is_behind = arith.cmpi uge, %own_row, %start : index
        %is_before = arith.cmpi ult, %own_row, %end : index
        %is_in_run = arith.andi %is_behind, %is_before : i1
        %own_distance = arith.subi %own_row, %start : index
        %own_p = arith.addi %p, %own_distance : index
        %own_count = arith.addi %own_p, %c1 : index
        %sees = arith.select %is_in_run, %own_count, %c0 : index

        %r:6 = scf.for %first_key = %c0 to %n_keys step %c32
            iter_args(%m = %m_0, %n = %n_0, %y0 = %y0_0, %y1 = %y1_0,
                      %y2 = %y2_0, %y3 = %y3_0)
            -> (f32, f32, !tile, !tile, !tile, !tile) {
          gpu.barrier // nobody reads the keys and values before these any more
          scf.for %i = %thread to %k_groups step %threads {
            %row = arith.divui %i, %c8 : index
            %group = arith.remui %i, %c8 : index
            %d = arith.muli %group, %c8 : index
            %j = arith.addi %first_key, %row : index
            %j_in = arith.minui %j, %last_key : index
            %d_in = arith.minui %d, %last_eight : index
            %exists = arith.cmpi ult, %d, %D : index
            %key = vector.load %ks[%s, %l, %h, %j_in, %d_in]
                {alignment = 16 : i64} : memref<?x?x?x?x?xf32>, vector<8xf32>
            %value = vector.load %vs[%s, %l, %h, %j_in, %d_in]
                {alignment = 16 : i64} : memref<?x?x?x?x?xf32>, vector<8xf32>
            %k_or_0 = arith.select %exists, %key, %no_group : vector<8xf32>
            %v_or_0 = arith.select %exists, %value, %no_group : vector<8xf32>
            %k_rounded = arith.truncf %k_or_0 : vector<8xf32> to vector<8xbf16>
            %v_rounded = arith.truncf %v_or_0 : vector<8xf32> to vector<8xbf16>
            vector.store %k_rounded, %k_tile[%row, %d] {alignment = 16 : i64}
                : !half, vector<8xbf16>
            vector.store %v_rounded, %v_tile[%row, %d] {alignment = 16 : i64}
                : !half, vector<8xbf16>
          }
          gpu.barrier // keys and values are there

          // Scores of 16 queries and 32 keys.
          %x:2 = scf.for %d = %c0 to %c64 step %c16
              iter_args(%x0 = %zeros, %x1 = %zeros) -> (!tile, !tile) {
            %q = vector.load %q_tile[%first_row, %d] : !wide, vector<16x16xbf16>
            %k0 = vector.load %k_tile[%c0, %d] : !half, vector<16x16xbf16>
            %k1 = vector.load %k_tile[%c16, %d] : !half, vector<16x16xbf16>
            %z0 = vector.contract {indexing_maps = [#left, #right_transposed, #sum],
                iterator_types = ["parallel", "parallel", "reduction"]} %q, %k0, %x0
                : vector<16x16xbf16>, vector<16x16xbf16> into !tile
            %z1 = vector.contract {indexing_maps = [#left, #right_transposed, #sum],
                iterator_types = ["parallel", "parallel", "reduction"]} %q, %k1, %x1
                : vector<16x16xbf16>, vector<16x16xbf16> into !tile
            scf.yield %z0, %z1 : !tile, !tile
          }
          vector.store %x#0, %s_tile[%first_row, %c0] : !scores, !tile
          vector.store %x#1, %s_tile[%first_row, %c16] : !scores, !tile
          gpu.barrier // scores are there

          // Weights. Scores behind what the row sees count as the lowest.
          %own_m = scf.for %i = %c0 to %c16 step %c1
              iter_args(%a = %lowest) -> (f32) {
            %column = arith.addi %own_column, %i : index
            %j = arith.addi %first_key, %column : index
            %seen = arith.cmpi ult, %j, %sees : index
            %product = memref.load %s_tile[%own_row, %column] : !scores
            %score = arith.mulf %product, %scale : f32
            %or_lowest = arith.select %seen, %score, %lowest : f32
            %larger = arith.maximumf %a, %or_lowest : f32
            scf.yield %larger : f32
          }
          %tile_m = gpu.subgroup_reduce maximumf %own_m cluster(size = 2)
              : (f32) -> f32
          %m_next = arith.maximumf %m, %tile_m : f32
          %own_n = scf.for %i = %c0 to %c16 step %c1
              iter_args(%a = %zero) -> (f32) {
            %column = arith.addi %own_column, %i : index
            %j = arith.addi %first_key, %column : index
            %seen = arith.cmpi ult, %j, %sees : index
            %product = memref.load %s_tile[%own_row, %column] : !scores
            %score = arith.mulf %product, %scale : f32
            %below = arith.subf %score, %m_next : f32
            %exp = math.exp %below : f32
            %w = arith.select %seen, %exp, %zero : f32
            scf.if %writes {
              %rounded = arith.truncf %w : f32 to bf16
              memref.store %rounded, %p_tile[%own_row, %column] : !weights
            }
            %b = arith.addf %a, %w : f32
            scf.yield %b : f32
          }
          %tile_n = gpu.subgroup_reduce add %own_n cluster(size = 2)
              : (f32) -> f32
          %fall = arith.subf %m, %m_next : f32
          %factor = math.exp %fall : f32
          %n_scaled = arith.mulf %n, %factor : f32
          %n_next = arith.addf %n_scaled, %tile_n : f32
          scf.if %writes_row {
            memref.store %factor, %factors[%own_row, %c0] : !column
          }
          gpu.barrier // weights and factors are there

          // Weighted values.
          %factor_of_row = vector.load %factors[%first_row, %c0]
              : !column, vector<16x1xf32>
          %f = vector.broadcast %factor_of_row : vector<16x1xf32> to !tile
          %g0 = arith.mulf %y0, %f : !tile
          %g1 = arith.mulf %y1, %f : !tile
          %g2 = arith.mulf %y2, %f : !tile
          %g3 = arith.mulf %y3, %f : !tile
          %z:4 = scf.for %j = %c0 to %c32 step %c16
              iter_args(%a0 = %g0, %a1 = %g1, %a2 = %g2, %a3 = %g3)
              -> (!tile, !tile, !tile, !tile) {
            %w = vector.load %p_tile[%first_row, %j] : !weights, vector<16x16xbf16>
            %v0 = vector.load %v_tile[%j, %c0] : !half, vector<16x16xbf16>
            %v1 = vector.load %v_tile[%j, %c16] : !half, vector<16x16xbf16>
            %v2 = vector.load %v_tile[%j, %c32] : !half, vector<16x16xbf16>
            %v3 = vector.load %v_tile[%j, %c48] : !half, vector<16x16xbf16>
            %b0 = vector.contract {indexing_maps = [#left, #right, #sum],
                iterator_types = ["parallel", "parallel", "reduction"]} %w, %v0, %a0
                : vector<16x16xbf16>, vector<16x16xbf16> into !tile
            %b1 = vector.contract {indexing_maps = [#left, #right, #sum],
                iterator_types = ["parallel", "parallel", "reduction"]} %w, %v1, %a1
                : vector<16x16xbf16>, vector<16x16xbf16> into !tile
            %b2 = vector.contract {indexing_maps = [#left, #right, #sum],
                iterator_types = ["parallel", "parallel", "reduction"]} %w, %v2, %a2
                : vector<16x16xbf16>, vector<16x16xbf16> into !tile
            %b3 = vector.contract {indexing_maps = [#left, #right, #sum],
                iterator_types = ["parallel", "parallel", "reduction"]} %w, %v3, %a3
                : vector<16x16xbf16>, vector<16x16xbf16> into !tile
            scf.yield %b0, %b1, %b2, %b3 : !tile, !tile, !tile, !tile
          }
          scf.yield %m_next, %n_next, %z#0, %z#1, %z#2, %z#3
              : f32, f32, !tile, !tile, !tile, !tile
        }
        scf.yield %r#0, %r#1, %r#2, %r#3, %r#4, %r#5
            : f32, f32, !tile, !tile, !tile, !tile
      } else {
        scf.yield %m_0, %n_0, %y0_0, %y1_0, %y2_0, %y3_0
            : f32, f32, !tile, !tile, !tile, !tile
      }
      scf.yield %run#0, %run#1, %run#2, %run#3, %run#4, %run#5
          : f32, f32, !tile, !tile, !tile, !tile
    }

    // Divided by their weights' sums; rows behind T have none, and are not stored.
    gpu.barrier // nobody reads the factors before these any more
    scf.if %writes_row {
      %exists = arith.cmpf ogt, %all#1, %zero : f32
      %or_one = arith.select %exists, %all#1, %one : f32
      %inverse = arith.divf %one, %or_one : f32
      memref.store %inverse, %factors[%own_row, %c0] : !column
    }
    gpu.barrier // all factors are there
    %inverse_of_row = vector.load %factors[%first_row, %c0]
        : !column, vector<16x1xf32>
    %i = vector.broadcast %inverse_of_row : vector<16x1xf32> to !tile
    %w0 = arith.mulf %all#2, %i : !tile
    %w1 = arith.mulf %all#3, %i : !tile
    %w2 = arith.mulf %all#4, %i : !tile
    %w3 = arith.mulf %all#5, %i : !tile
    vector.store %w0, %s_tile[%first_row, %c0] : !scores, !tile
    vector.store %w1, %s_tile[%first_row, %c16] : !scores, !tile
    gpu.barrier // the first 32 channels are there
    scf.for %e = %thread to %y_elements step %threads {
      %row = arith.divui %e, %c32 : index
      %d = arith.remui %e, %c32 : index
      %t = arith.addi %first_t, %row : index
      %in_rows = arith.cmpi ult, %row, %rows : index
      %in_d = arith.cmpi ult, %d, %D : index
      %exists = arith.andi %in_rows, %in_d : i1
      scf.if %exists {
        %y = memref.load %s_tile[%row, %d] : !scores
        memref.store %y, %to[%t, %h, %d] : memref<?x?x?xf32>
      }
    }
    gpu.barrier // nobody reads them any more
    vector.store %w2, %s_tile[%first_row, %c0] : !scores, !tile
    vector.store %w3, %s_tile[%first_row, %c16] : !scores, !tile
    gpu.barrier // the others are there
    scf.for %e = %thread to %y_elements step %threads {
      %row = arith.divui %e, %c32 : index
      %column = arith.remui %e, %c32 : index
      %d = arith.addi %column, %c32 : index
      %t = arith.addi %first_t, %row : index
      %in_rows = arith.cmpi ult, %row, %rows : index
      %in_d = arith.cmpi ult, %d, %D : index
      %exists = arith.andi %in_rows, %in_d : i1
      scf.if %exists {
        %y = memref.load %s_tile[%row, %column] : !scores
        memref.store %y, %to[%t, %h, %d] : memref<?x?x?xf32>
      }
    }
    gpu.terminator
  }
  %y = bufferization.to_tensor %to restrict writable
      : memref<?x?x?xf32> to tensor<?x?x?xf32>
  return %y : tensor<?x?x?xf32>
}

// One token's scores are few: the kernel of the chapter before.
func.func private @attention(
    tensor<?x3x?x?xf32>, tensor<?x?x?x?x?xf32>, tensor<?x?x?x?x?xf32>, index,
    tensor<?xi32>, tensor<?xi32>) -> tensor<?x?x?xf32>
func.func private @attention_in_bf16_decode(
    %qkv: tensor<?x3x?x?xf32>, %keys: tensor<?x?x?x?x?xf32>,
    %values: tensor<?x?x?x?x?xf32>, %l: index, %sequences: tensor<?xi32>,
    %positions: tensor<?xi32>) -> tensor<?x?x?xf32> {
  %y = call @attention(%qkv, %keys, %values, %l, %sequences, %positions)
      : (tensor<?x3x?x?xf32>, tensor<?x?x?x?x?xf32>, tensor<?x?x?x?x?xf32>,
         index, tensor<?xi32>, tensor<?xi32>) -> tensor<?x?x?xf32>
  return %y : tensor<?x?x?xf32>
}
