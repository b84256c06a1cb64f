// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Causal self-attention (Vaswani et al. 2017) in three kernels:
//   s[h, i, j] = q[i, h] . k[j, h] / sqrt(D)           where j <= i
//   p[h, i, j] = exp(s[h, i, j] - max over j) / sum over j
//   y[i, h, d] = sum over j of p[h, i, j] * v[j, h, d]
// qkv (T, 3, H, D) -> y (T, H, D); q, k, v are qkv's 0, 1, 2. s becomes p in its
// place; what a token does not see, j > i, is never computed and never read.
#shared = #gpu.address_space<workgroup>
func.func private @attention(%qkv: tensor<?x3x?x?xf32>) -> tensor<?x?x?xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %c4 = arith.constant 4 : index
  %c16 = arith.constant 16 : index
  %zero = arith.constant 0.0 : f32
  %one = arith.constant 1.0 : f32
  %lowest = arith.constant 0xFF800000 : f32 // minus infinity
  %T = tensor.dim %qkv, %c0 : tensor<?x3x?x?xf32>
  %H = tensor.dim %qkv, %c2 : tensor<?x3x?x?xf32>
  %D = tensor.dim %qkv, %c3 : tensor<?x3x?x?xf32>
  %D_i64 = arith.index_cast %D : index to i64
  %D_f32 = arith.uitofp %D_i64 : i64 to f32
  %scale = math.rsqrt %D_f32 : f32
  %last_t = arith.subi %T, %c1 : index
  %last_d = arith.subi %D, %c1 : index

  %from = bufferization.to_buffer %qkv read_only
      : tensor<?x3x?x?xf32> to memref<?x3x?x?xf32>
  %s = memref.alloc(%H, %T, %T) : memref<?x?x?xf32>
  %to = memref.alloc(%T, %H, %D) : memref<?x?x?xf32>
  %tiles_t = arith.ceildivui %T, %c16 : index
  %tiles_d = arith.ceildivui %D, %c16 : index

  // Scores: a block makes 16 x 16 of a head's, a thread one. For each 16
  // channels it brings 16 queries and 16 keys into shared memory.
  gpu.launch blocks(%bx, %by, %h) in (%gx = %tiles_t, %gy = %tiles_t, %gz = %H)
      threads(%tx, %ty, %tz) in (%sx = %c16, %sy = %c16, %sz = %c1)
      workgroup(%q_tile: memref<16x16xf32, #shared>,
                %k_tile: memref<16x17xf32, #shared>) {
    // Above the diagonal there is nothing to do, for all of the block.
    %is_seen = arith.cmpi ule, %bx, %by : index
    scf.if %is_seen {
      %first_i = arith.muli %by, %c16 : index
      %first_j = arith.muli %bx, %c16 : index
      %i = arith.addi %first_i, %ty : index
      %j = arith.addi %first_j, %tx : index
      %j_row = arith.addi %first_j, %ty : index
      %i_in = arith.minui %i, %last_t : index
      %j_in = arith.minui %j_row, %last_t : index
      %dot = scf.for %first_d = %c0 to %D step %c16
          iter_args(%acc = %zero) -> (f32) {
        %d = arith.addi %first_d, %tx : index
        %d_in = arith.minui %d, %last_d : index
        %exists = arith.cmpi ult, %d, %D : index
        %q_read = memref.load %from[%i_in, %c0, %h, %d_in] : memref<?x3x?x?xf32>
        %q = arith.select %exists, %q_read, %zero : f32
        memref.store %q, %q_tile[%ty, %tx] : memref<16x16xf32, #shared>
        %k = memref.load %from[%j_in, %c1, %h, %d_in] : memref<?x3x?x?xf32>
        memref.store %k, %k_tile[%ty, %tx] : memref<16x17xf32, #shared>
        gpu.barrier // both tiles are there
        %next = scf.for %e = %c0 to %c16 step %c1
            iter_args(%a = %acc) -> (f32) {
          %qe = memref.load %q_tile[%ty, %e] : memref<16x16xf32, #shared>
          %ke = memref.load %k_tile[%tx, %e] : memref<16x17xf32, #shared>
          %m = arith.mulf %qe, %ke fastmath<contract> : f32
          %b = arith.addf %a, %m fastmath<contract> : f32
          scf.yield %b : f32
        }
        gpu.barrier // nobody reads them any more
        scf.yield %next : f32
      }
      %in_t = arith.cmpi ult, %i, %T : index
      %in_past = arith.cmpi ule, %j, %i : index
      %wanted = arith.andi %in_t, %in_past : i1
      scf.if %wanted {
        %score = arith.mulf %dot, %scale : f32
        memref.store %score, %s[%h, %i, %j] : memref<?x?x?xf32>
      }
    }
    gpu.terminator
  }

  // Softmax: a subgroup for each query of each head, four to a block. A lane
  // takes every 32nd (64th) key up to the query itself.
  %lanes = gpu.subgroup_size : index
  %fours = arith.ceildivui %T, %c4 : index
  gpu.launch blocks(%bx, %h, %bz) in (%gx = %fours, %gy = %H, %gz = %c1)
      threads(%lane, %row, %tz) in (%sx = %lanes, %sy = %c4, %sz = %c1) {
    %first = arith.muli %bx, %c4 : index
    %i = arith.addi %first, %row : index
    %exists = arith.cmpi ult, %i, %T : index
    scf.if %exists {
      %end = arith.addi %i, %c1 : index
      %part_max = scf.for %j = %lane to %end step %lanes
          iter_args(%a = %lowest) -> (f32) {
        %v = memref.load %s[%h, %i, %j] : memref<?x?x?xf32>
        %b = arith.maximumf %a, %v : f32
        scf.yield %b : f32
      }
      %max = gpu.subgroup_reduce maximumf %part_max : (f32) -> f32
      %part = scf.for %j = %lane to %end step %lanes
          iter_args(%a = %zero) -> (f32) {
        %v = memref.load %s[%h, %i, %j] : memref<?x?x?xf32>
        %below = arith.subf %v, %max : f32
        %exp = math.exp %below : f32
        memref.store %exp, %s[%h, %i, %j] : memref<?x?x?xf32>
        %b = arith.addf %a, %exp : f32
        scf.yield %b : f32
      }
      %sum = gpu.subgroup_reduce add %part : (f32) -> f32
      %share = arith.divf %one, %sum : f32
      scf.for %j = %lane to %end step %lanes {
        %exp = memref.load %s[%h, %i, %j] : memref<?x?x?xf32>
        %p = arith.mulf %exp, %share : f32
        memref.store %p, %s[%h, %i, %j] : memref<?x?x?xf32>
      }
    }
    gpu.terminator
  }

  // The weighted values: a block makes 16 queries' and 16 channels', a thread
  // one sum, over the keys up to its query.
  gpu.launch blocks(%bx, %by, %h) in (%gx = %tiles_d, %gy = %tiles_t, %gz = %H)
      threads(%tx, %ty, %tz) in (%sx = %c16, %sy = %c16, %sz = %c1)
      workgroup(%p_tile: memref<16x16xf32, #shared>,
                %v_tile: memref<16x16xf32, #shared>) {
    %first_i = arith.muli %by, %c16 : index
    %first_d = arith.muli %bx, %c16 : index
    %i = arith.addi %first_i, %ty : index
    %d = arith.addi %first_d, %tx : index
    %i_in = arith.minui %i, %last_t : index
    %d_in = arith.minui %d, %last_d : index
    %end = arith.addi %first_i, %c16 : index
    %sum = scf.for %first_j = %c0 to %end step %c16
        iter_args(%acc = %zero) -> (f32) {
      %j = arith.addi %first_j, %tx : index
      %j_past = arith.minui %j, %i_in : index
      %p_read = memref.load %s[%h, %i_in, %j_past] : memref<?x?x?xf32>
      %seen = arith.cmpi ule, %j, %i : index
      %p = arith.select %seen, %p_read, %zero : f32
      memref.store %p, %p_tile[%ty, %tx] : memref<16x16xf32, #shared>
      %j_row = arith.addi %first_j, %ty : index
      %j_in = arith.minui %j_row, %last_t : index
      %v = memref.load %from[%j_in, %c2, %h, %d_in] : memref<?x3x?x?xf32>
      memref.store %v, %v_tile[%ty, %tx] : memref<16x16xf32, #shared>
      gpu.barrier // both tiles are there
      %next = scf.for %e = %c0 to %c16 step %c1
          iter_args(%a = %acc) -> (f32) {
        %pe = memref.load %p_tile[%ty, %e] : memref<16x16xf32, #shared>
        %ve = memref.load %v_tile[%e, %tx] : memref<16x16xf32, #shared>
        %m = arith.mulf %pe, %ve fastmath<contract> : f32
          %b = arith.addf %a, %m fastmath<contract> : f32
        scf.yield %b : f32
      }
      gpu.barrier // nobody reads them any more
      scf.yield %next : f32
    }
    %in_t = arith.cmpi ult, %i, %T : index
    %in_d = arith.cmpi ult, %d, %D : index
    %wanted = arith.andi %in_t, %in_d : i1
    scf.if %wanted {
      memref.store %sum, %to[%i, %h, %d] : memref<?x?x?xf32>
    }
    gpu.terminator
  }
  %y = bufferization.to_tensor %to restrict writable
      : memref<?x?x?xf32> to tensor<?x?x?xf32>
  return %y : tensor<?x?x?xf32>
}
