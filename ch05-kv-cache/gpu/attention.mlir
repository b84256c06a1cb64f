// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Causal self-attention (Vaswani et al. 2017) over what the cache holds, for
// token t at position p = positions[t] of sequence s = sequences[t]:
//   x[h, j] = q[t, h] . keys[s, l, h, j] / sqrt(D)             for j <= p
//   w[h, j] = exp(x[h, j] - max over j) / sum over j
//   y[t, h, d] = sum over j of w[h, j] * values[s, l, h, j, d]
//
// A block takes a head of a token. How far the cache is filled, threads read
// from the device's memory: a step is launched in the same way wherever its
// sequences are. A thread makes every 256th score; the block's maximum and sum
// are those of its subgroups', brought together in shared memory; then eight
// groups of 32 threads take every eighth position's value, a thread 32 channels
// apart, and one group adds up what the eight have.
// qkv (T, 3, H, D), keys, values (S, L, H, P, D), a layer, sequences (T),
// positions (T) -> y (T, H, D)
#shared = #gpu.address_space<workgroup>
func.func private @attention(
    %qkv: tensor<?x3x?x?xf32>, %keys: tensor<?x?x?x?x?xf32>,
    %values: tensor<?x?x?x?x?xf32>, %l: index, %sequences: tensor<?xi32>,
    %positions: tensor<?xi32>) -> tensor<?x?x?xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %c8 = arith.constant 8 : index
  %c32 = arith.constant 32 : index
  %threads = arith.constant 256 : index
  %zero = arith.constant 0.0 : f32
  %lowest = arith.constant 0xFF800000 : f32 // minus infinity
  %T = tensor.dim %qkv, %c0 : tensor<?x3x?x?xf32>
  %H = tensor.dim %qkv, %c2 : tensor<?x3x?x?xf32>
  %D = tensor.dim %qkv, %c3 : tensor<?x3x?x?xf32>
  %P = tensor.dim %keys, %c3 : tensor<?x?x?x?x?xf32>
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
  %x = memref.alloc(%T, %H, %P) : memref<?x?x?xf32>
  %to = memref.alloc(%T, %H, %D) : memref<?x?x?xf32>

  %lanes = gpu.subgroup_size : index
  %groups = arith.divui %threads, %lanes : index
  gpu.launch blocks(%h, %t, %bz) in (%gx = %H, %gy = %T, %gz = %c1)
      threads(%thread, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1)
      workgroup(%parts: memref<8x32xf32, #shared>) {
    %s_i32 = memref.load %ss[%t] : memref<?xi32>
    %p_i32 = memref.load %ps[%t] : memref<?xi32>
    %s = arith.index_cast %s_i32 : i32 to index
    %p = arith.index_cast %p_i32 : i32 to index
    %n = arith.addi %p, %c1 : index
    %lane = arith.remui %thread, %lanes : index
    %subgroup = arith.divui %thread, %lanes : index
    %leads = arith.cmpi eq, %lane, %c0 : index

    // Scores, and the largest of a thread's.
    %own_max = scf.for %j = %thread to %n step %threads
        iter_args(%m = %lowest) -> (f32) {
      %dot = scf.for %d = %c0 to %D step %c1 iter_args(%a = %zero) -> (f32) {
        %qd = memref.load %from[%t, %c0, %h, %d] : memref<?x3x?x?xf32>
        %kd = memref.load %ks[%s, %l, %h, %j, %d] : memref<?x?x?x?x?xf32>
        %product = arith.mulf %qd, %kd fastmath<contract> : f32
        %b = arith.addf %a, %product fastmath<contract> : f32
        scf.yield %b : f32
      }
      %score = arith.mulf %dot, %scale : f32
      memref.store %score, %x[%t, %h, %j] : memref<?x?x?xf32>
      %larger = arith.maximumf %m, %score : f32
      scf.yield %larger : f32
    }
    %group_max = gpu.subgroup_reduce maximumf %own_max : (f32) -> f32
    scf.if %leads {
      memref.store %group_max, %parts[%c0, %subgroup] : memref<8x32xf32, #shared>
    }
    gpu.barrier // all subgroups' maxima are there
    %max = scf.for %g = %c0 to %groups step %c1
        iter_args(%m = %lowest) -> (f32) {
      %other = memref.load %parts[%c0, %g] : memref<8x32xf32, #shared>
      %larger = arith.maximumf %m, %other : f32
      scf.yield %larger : f32
    }

    // Their exponentials, each by the thread that made the score.
    %own_sum = scf.for %j = %thread to %n step %threads
        iter_args(%a = %zero) -> (f32) {
      %score = memref.load %x[%t, %h, %j] : memref<?x?x?xf32>
      %below = arith.subf %score, %max : f32
      %exp = math.exp %below : f32
      memref.store %exp, %x[%t, %h, %j] : memref<?x?x?xf32>
      %b = arith.addf %a, %exp : f32
      scf.yield %b : f32
    }
    %group_sum = gpu.subgroup_reduce add %own_sum : (f32) -> f32
    scf.if %leads {
      memref.store %group_sum, %parts[%c1, %subgroup] : memref<8x32xf32, #shared>
    }
    gpu.barrier // all sums and exponentials are there
    %sum = scf.for %g = %c0 to %groups step %c1
        iter_args(%a = %zero) -> (f32) {
      %other = memref.load %parts[%c1, %g] : memref<8x32xf32, #shared>
      %b = arith.addf %a, %other : f32
      scf.yield %b : f32
    }

    // The weighted values, 32 channels at a time.
    %column = arith.remui %thread, %c32 : index
    %row = arith.divui %thread, %c32 : index
    %last_d = arith.subi %D, %c1 : index
    %is_first = arith.cmpi eq, %row, %c0 : index
    scf.for %first_d = %c0 to %D step %c32 {
      %d = arith.addi %first_d, %column : index
      %d_in = arith.minui %d, %last_d : index
      %part = scf.for %j = %row to %n step %c8
          iter_args(%a = %zero) -> (f32) {
        %w = memref.load %x[%t, %h, %j] : memref<?x?x?xf32>
        %v = memref.load %vs[%s, %l, %h, %j, %d_in] : memref<?x?x?x?x?xf32>
        %product = arith.mulf %w, %v fastmath<contract> : f32
        %b = arith.addf %a, %product fastmath<contract> : f32
        scf.yield %b : f32
      }
      gpu.barrier // nobody reads the parts before these any more
      memref.store %part, %parts[%row, %column] : memref<8x32xf32, #shared>
      gpu.barrier // all parts are there
      %exists = arith.cmpi ult, %d, %D : index
      %adds = arith.andi %is_first, %exists : i1
      scf.if %adds {
        %all = scf.for %g = %c0 to %c8 step %c1 iter_args(%a = %zero) -> (f32) {
          %other = memref.load %parts[%g, %column] : memref<8x32xf32, #shared>
          %b = arith.addf %a, %other : f32
          scf.yield %b : f32
        }
        %y = arith.divf %all, %sum : f32
        memref.store %y, %to[%t, %h, %d] : memref<?x?x?xf32>
      }
    }
    gpu.terminator
  }
  %y = bufferization.to_tensor %to restrict writable
      : memref<?x?x?xf32> to tensor<?x?x?xf32>
  return %y : tensor<?x?x?xf32>
}
