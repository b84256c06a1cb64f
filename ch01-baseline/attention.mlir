// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Causal self-attention (Vaswani et al. 2017), one head and one query at a time:
//   p[j]         = exp(q[i, h] . k[j, h] / sqrt(D) - max) / sum, for j <= i
//   y[i, h, d]   = sum over j <= i of p[j] * v[j, h, d]
// qkv (T, 3, H, D) -> y (T, H, D); q, k, v are qkv's 0, 1, 2.
func.func private @attention(%qkv: tensor<?x3x?x?xf32>) -> tensor<?x?x?xf32> {
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
  %scratch = tensor.empty(%T) : tensor<?xf32> // one query's scores

  %y = scf.for %h = %c0 to %H step %c1
      iter_args(%heads = %empty) -> (tensor<?x?x?xf32>) {
    %head = scf.for %i = %c0 to %T step %c1
        iter_args(%rows = %heads) -> (tensor<?x?x?xf32>) {
      %seen = arith.addi %i, %c1 : index // a token sees itself and what precedes

      %scores, %max = scf.for %j = %c0 to %seen step %c1
          iter_args(%s = %scratch, %m = %lowest) -> (tensor<?xf32>, f32) {
        %dot = scf.for %d = %c0 to %D step %c1 iter_args(%acc = %zero) -> (f32) {
          %q = tensor.extract %qkv[%i, %c0, %h, %d] : tensor<?x3x?x?xf32>
          %k = tensor.extract %qkv[%j, %c1, %h, %d] : tensor<?x3x?x?xf32>
          %qk = arith.mulf %q, %k : f32
          %next = arith.addf %acc, %qk : f32
          scf.yield %next : f32
        }
        %score = arith.mulf %dot, %scale : f32
        %sj = tensor.insert %score into %s[%j] : tensor<?xf32>
        %mj = arith.maximumf %m, %score : f32
        scf.yield %sj, %mj : tensor<?xf32>, f32
      }

      %exps, %sum = scf.for %j = %c0 to %seen step %c1
          iter_args(%e = %scores, %acc = %zero) -> (tensor<?xf32>, f32) {
        %score = tensor.extract %e[%j] : tensor<?xf32>
        %below = arith.subf %score, %max : f32
        %exp = math.exp %below : f32
        %ej = tensor.insert %exp into %e[%j] : tensor<?xf32>
        %next = arith.addf %acc, %exp : f32
        scf.yield %ej, %next : tensor<?xf32>, f32
      }

      %row = scf.for %d = %c0 to %D step %c1
          iter_args(%yi = %rows) -> (tensor<?x?x?xf32>) {
        %weighted = scf.for %j = %c0 to %seen step %c1
            iter_args(%acc = %zero) -> (f32) {
          %exp = tensor.extract %exps[%j] : tensor<?xf32>
          %v = tensor.extract %qkv[%j, %c2, %h, %d] : tensor<?x3x?x?xf32>
          %pv = arith.mulf %exp, %v : f32
          %next = arith.addf %acc, %pv : f32
          scf.yield %next : f32
        }
        %mean = arith.divf %weighted, %sum : f32
        %yid = tensor.insert %mean into %yi[%i, %h, %d] : tensor<?x?x?xf32>
        scf.yield %yid : tensor<?x?x?xf32>
      }
      scf.yield %row : tensor<?x?x?xf32>
    }
    scf.yield %head : tensor<?x?x?xf32>
  }
  return %y : tensor<?x?x?xf32>
}
