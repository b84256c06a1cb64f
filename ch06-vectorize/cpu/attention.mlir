// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Causal self-attention (Vaswani et al. 2017) over what the cache holds. 32 tokens
// that follow each other in one sequence, as in a prompt, are computed together;
// others one by one. Heads are independent, and threads divide them.
// qkv (T, 3, H, D), keys, values (S, L, H, P, D), a layer, sequences (T),
// positions (T) -> y (T, H, D)

func.func private @attention_of_run(
    tensor<?x?xf32>, tensor<?x?xf32>, tensor<?x?xf32>, index,
    tensor<?x?xf32>) -> tensor<?x?xf32>
func.func private @attention_of_query(
    tensor<?xf32>, tensor<?x?xf32>, tensor<?x?xf32>,
    tensor<?xf32>) -> tensor<?xf32>

// Whether tokens t to t + count are of one sequence and follow each other.
func.func private @is_run(
    %sequences: tensor<?xi32>, %positions: tensor<?xi32>, %t: index,
    %count: index) -> i1 {
  %c1 = arith.constant 1 : index
  %several = arith.cmpi ugt, %count, %c1 : index
  %s0 = tensor.extract %sequences[%t] : tensor<?xi32>
  %p0 = tensor.extract %positions[%t] : tensor<?xi32>
  %answer = scf.for %i = %c1 to %count step %c1 iter_args(%so_far = %several)
      -> (i1) {
    %at = arith.addi %t, %i : index
    %s = tensor.extract %sequences[%at] : tensor<?xi32>
    %p = tensor.extract %positions[%at] : tensor<?xi32>
    %i_i32 = arith.index_cast %i : index to i32
    %expected = arith.addi %p0, %i_i32 : i32
    %same = arith.cmpi eq, %s, %s0 : i32
    %next = arith.cmpi eq, %p, %expected : i32
    %both = arith.andi %same, %next : i1
    %still = arith.andi %so_far, %both : i1
    scf.yield %still : i1
  }
  return %answer : i1
}

func.func private @attention(
    %qkv: tensor<?x3x?x?xf32>, %keys: tensor<?x?x?x?x?xf32>,
    %values: tensor<?x?x?x?x?xf32>, %l: index, %sequences: tensor<?xi32>,
    %positions: tensor<?xi32>) -> tensor<?x?x?xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %c32 = arith.constant 32 : index
  %T = tensor.dim %qkv, %c0 : tensor<?x3x?x?xf32>
  %H = tensor.dim %qkv, %c2 : tensor<?x3x?x?xf32>
  %D = tensor.dim %qkv, %c3 : tensor<?x3x?x?xf32>
  %empty = tensor.empty(%T, %H, %D) : tensor<?x?x?xf32>
  %y = scf.forall (%h) in (%H) shared_outs(%out = %empty)
      -> (tensor<?x?x?xf32>) {
    %y_h = tensor.extract_slice %out[0, %h, 0] [%T, 1, %D] [1, 1, 1]
        : tensor<?x?x?xf32> to tensor<?x?xf32>
    %done = scf.for %t = %c0 to %T step %c32 iter_args(%y_so_far = %y_h)
        -> (tensor<?x?xf32>) {
      %left = arith.subi %T, %t : index
      %count = arith.minui %left, %c32 : index
      %s_i32 = tensor.extract %sequences[%t] : tensor<?xi32>
      %p_i32 = tensor.extract %positions[%t] : tensor<?xi32>
      %s = arith.index_cast %s_i32 : i32 to index
      %first = arith.index_cast %p_i32 : i32 to index
      %is_run = func.call @is_run(%sequences, %positions, %t, %count)
          : (tensor<?xi32>, tensor<?xi32>, index, index) -> i1
      // One way is taken once, or the other for each token.
      %as_run = arith.select %is_run, %c1, %c0 : index
      %one_by_one = arith.select %is_run, %c0, %count : index
      %with_run = scf.for %once = %c0 to %as_run step %c1
          iter_args(%now = %y_so_far) -> (tensor<?x?xf32>) {
        %n = arith.addi %first, %count : index
        %q = tensor.extract_slice %qkv[%t, 0, %h, 0] [%count, 1, 1, %D]
            [1, 1, 1, 1] : tensor<?x3x?x?xf32> to tensor<?x?xf32>
        %ks = tensor.extract_slice %keys[%s, %l, %h, 0, 0] [1, 1, 1, %n, %D]
            [1, 1, 1, 1, 1] : tensor<?x?x?x?x?xf32> to tensor<?x?xf32>
        %vs = tensor.extract_slice %values[%s, %l, %h, 0, 0] [1, 1, 1, %n, %D]
            [1, 1, 1, 1, 1] : tensor<?x?x?x?x?xf32> to tensor<?x?xf32>
        %place = tensor.extract_slice %now[%t, 0] [%count, %D] [1, 1]
            : tensor<?x?xf32> to tensor<?x?xf32>
        %rows = func.call @attention_of_run(%q, %ks, %vs, %first, %place)
            : (tensor<?x?xf32>, tensor<?x?xf32>, tensor<?x?xf32>, index,
               tensor<?x?xf32>) -> tensor<?x?xf32>
        %more = tensor.insert_slice %rows into %now[%t, 0] [%count, %D]
            [1, 1] : tensor<?x?xf32> into tensor<?x?xf32>
        scf.yield %more : tensor<?x?xf32>
      }
      %next = scf.for %i = %c0 to %one_by_one step %c1
          iter_args(%now = %with_run) -> (tensor<?x?xf32>) {
        %at = arith.addi %t, %i : index
        %si_i32 = tensor.extract %sequences[%at] : tensor<?xi32>
        %pi_i32 = tensor.extract %positions[%at] : tensor<?xi32>
        %si = arith.index_cast %si_i32 : i32 to index
        %pi = arith.index_cast %pi_i32 : i32 to index
        %n = arith.addi %pi, %c1 : index
        %q = tensor.extract_slice %qkv[%at, 0, %h, 0] [1, 1, 1, %D]
            [1, 1, 1, 1] : tensor<?x3x?x?xf32> to tensor<?xf32>
        %ks = tensor.extract_slice %keys[%si, %l, %h, 0, 0] [1, 1, 1, %n, %D]
            [1, 1, 1, 1, 1] : tensor<?x?x?x?x?xf32> to tensor<?x?xf32>
        %vs = tensor.extract_slice %values[%si, %l, %h, 0, 0] [1, 1, 1, %n, %D]
            [1, 1, 1, 1, 1] : tensor<?x?x?x?x?xf32> to tensor<?x?xf32>
        %place = tensor.extract_slice %now[%at, 0] [1, %D] [1, 1]
            : tensor<?x?xf32> to tensor<?xf32>
        %row = func.call @attention_of_query(%q, %ks, %vs, %place)
            : (tensor<?xf32>, tensor<?x?xf32>, tensor<?x?xf32>, tensor<?xf32>)
            -> tensor<?xf32>
        %more = tensor.insert_slice %row into %now[%at, 0] [1, %D] [1, 1]
            : tensor<?xf32> into tensor<?x?xf32>
        scf.yield %more : tensor<?x?xf32>
      }
      scf.yield %next : tensor<?x?xf32>
    }
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %done into %out[0, %h, 0] [%T, 1, %D]
          [1, 1, 1] : tensor<?x?xf32> into tensor<?x?x?xf32>
    }
  }
  return %y : tensor<?x?x?xf32>
}
