// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: gpt2-opt %s --round-operands | FileCheck %s
// RUN: gpt2-opt %s --round-operands=depth=3 | FileCheck %s --check-prefix=THREE

#tk = affine_map<(t, n, k) -> (t, k)>
#kn = affine_map<(t, n, k) -> (k, n)>
#tn = affine_map<(t, n, k) -> (t, n)>
#id = affine_map<(t, k) -> (t, k)>

// A layer's matrix is bf16. What it multiplies, an argument, is rounded by an
// operation of its own; the product extends both, and adds f32.
// CHECK-LABEL: func @argument(
// CHECK-SAME:      %[[W:[a-z0-9]+]]: tensor<2x16x24xbf16> {gpt2.matrix}
// CHECK-SAME:      %[[X:[a-z0-9]+]]: tensor<?x16xf32>
// CHECK:         %[[ROUNDED:.+]] = linalg.generic {{.*}} ins(%[[X]] : tensor<?x16xf32>) outs({{.*}} : tensor<?x16xbf16>) attrs = {gpt2.op = "rounded", gpt2.result}
// CHECK:           arith.truncf
// CHECK:         linalg.generic {{.*}} ins(%[[ROUNDED]], %{{.*}} : tensor<?x16xbf16>, tensor<16x24xbf16>) outs({{.*}} : tensor<?x24xf32>) attrs = {gpt2.op = "linear", gpt2.result}
// CHECK-NEXT:    ^bb0(%[[A:.+]]: bf16, %[[B:.+]]: bf16, %[[C:.+]]: f32):
// CHECK-DAG:       %[[WIDE:.+]] = arith.extf %[[A]] : bf16 to f32
// CHECK-DAG:       %[[WEIGHT:.+]] = arith.extf %[[B]] : bf16 to f32
// CHECK:           %[[P:.+]] = arith.mulf %[[WIDE]], %[[WEIGHT]] : f32
// CHECK:           arith.addf %[[C]], %[[P]] : f32

// An instruction that adds three products has nothing of a sum of 16.
// THREE-LABEL: func @argument(
// THREE-NOT:     arith.truncf
// THREE:         return
func.func @argument(%w: tensor<2x16x24xbf16> {gpt2.matrix}, %l: index,
                    %x: tensor<?x16xf32>, %y: tensor<?x24xf32>)
    -> tensor<?x24xf32> {
  %m = tensor.extract_slice %w[%l, 0, 0] [1, 16, 24] [1, 1, 1]
      : tensor<2x16x24xbf16> to tensor<16x24xbf16>
  %r = linalg.generic {indexing_maps = [#tk, #kn, #tn],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %m : tensor<?x16xf32>, tensor<16x24xbf16>)
      outs(%y : tensor<?x24xf32>) attrs = {gpt2.op = "linear", gpt2.result} {
  ^bb0(%a: f32, %b: bf16, %c: f32):
    %e = arith.extf %b : bf16 to f32
    %p = arith.mulf %a, %e : f32
    %s = arith.addf %c, %p : f32
    linalg.yield %s : f32
  } -> tensor<?x24xf32>
  return %r : tensor<?x24xf32>
}

// What an elementwise operation computes for the product alone is rounded
// there: it yields bf16, and no other operation is needed.
// CHECK-LABEL: func @elementwise(
// CHECK:         %[[TANH:.+]] = linalg.generic {{.*}} outs({{.*}} : tensor<?x16xbf16>)
// CHECK:           %[[T:.+]] = math.tanh
// CHECK:           %[[ROUNDED:.+]] = arith.truncf %[[T]] : f32 to bf16
// CHECK:           linalg.yield %[[ROUNDED]]
// CHECK:         linalg.generic {{.*}} ins(%[[TANH]], %{{.*}} : tensor<?x16xbf16>,
// CHECK-NOT:     arith.truncf
// CHECK:         return
func.func @elementwise(%w: tensor<16x24xbf16> {gpt2.matrix},
                       %x: tensor<?x16xf32>, %e: tensor<?x16xf32>,
                       %y: tensor<?x24xf32>) -> tensor<?x24xf32> {
  %t = linalg.generic {indexing_maps = [#id, #id],
      iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<?x16xf32>) outs(%e : tensor<?x16xf32>) {
  ^bb0(%a: f32, %o: f32):
    %h = math.tanh %a : f32
    linalg.yield %h : f32
  } -> tensor<?x16xf32>
  %r = linalg.generic {indexing_maps = [#tk, #kn, #tn],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%t, %w : tensor<?x16xf32>, tensor<16x24xbf16>)
      outs(%y : tensor<?x24xf32>) {
  ^bb0(%a: f32, %b: bf16, %c: f32):
    %e2 = arith.extf %b : bf16 to f32
    %p = arith.mulf %a, %e2 : f32
    %s = arith.addf %c, %p : f32
    linalg.yield %s : f32
  } -> tensor<?x24xf32>
  return %r : tensor<?x24xf32>
}

// If others read it as well, it stays f32 for them; and so does what adds to
// its place, which holds f32. Both are rounded by an operation of their own.
// CHECK-LABEL: func @others_read(
// CHECK:         %[[SUM:.+]] = linalg.generic {{.*}} outs({{.*}} : tensor<?x16xf32>)
// CHECK:           arith.addf
// CHECK-NEXT:      linalg.yield %{{.*}} : f32
// CHECK:         %[[R:.+]] = linalg.generic {{.*}} ins(%[[SUM]] : {{.*}} attrs = {gpt2.op = "rounded", gpt2.result}
// CHECK:         linalg.generic {{.*}} ins(%[[R]], %
// CHECK:         return %{{.*}}, %[[SUM]]
// CHECK-LABEL: func @adds(
// CHECK:         %[[SUM:.+]] = linalg.generic {{.*}} outs({{.*}} : tensor<?x16xf32>)
// CHECK:         %[[R:.+]] = linalg.generic {{.*}} ins(%[[SUM]] : {{.*}} attrs = {gpt2.op = "rounded", gpt2.result}
// CHECK:         linalg.generic {{.*}} ins(%[[R]], %
func.func @others_read(%w: tensor<16x24xbf16> {gpt2.matrix},
                       %x: tensor<?x16xf32>, %e: tensor<?x16xf32>,
                       %y: tensor<?x24xf32>)
    -> (tensor<?x24xf32>, tensor<?x16xf32>) {
  %t = linalg.generic {indexing_maps = [#id, #id],
      iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<?x16xf32>) outs(%e : tensor<?x16xf32>) {
  ^bb0(%a: f32, %o: f32):
    %h = arith.addf %a, %a : f32
    linalg.yield %h : f32
  } -> tensor<?x16xf32>
  %r = linalg.generic {indexing_maps = [#tk, #kn, #tn],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%t, %w : tensor<?x16xf32>, tensor<16x24xbf16>)
      outs(%y : tensor<?x24xf32>) {
  ^bb0(%a: f32, %b: bf16, %c: f32):
    %e2 = arith.extf %b : bf16 to f32
    %p = arith.mulf %a, %e2 : f32
    %s = arith.addf %c, %p : f32
    linalg.yield %s : f32
  } -> tensor<?x24xf32>
  return %r, %t : tensor<?x24xf32>, tensor<?x16xf32>
}
func.func @adds(%w: tensor<16x24xbf16> {gpt2.matrix}, %x: tensor<?x16xf32>,
                %e: tensor<?x16xf32>, %y: tensor<?x24xf32>)
    -> tensor<?x24xf32> {
  %t = linalg.generic {indexing_maps = [#id, #id],
      iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<?x16xf32>) outs(%e : tensor<?x16xf32>) {
  ^bb0(%a: f32, %o: f32):
    %h = arith.addf %a, %o : f32
    linalg.yield %h : f32
  } -> tensor<?x16xf32>
  %r = linalg.generic {indexing_maps = [#tk, #kn, #tn],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%t, %w : tensor<?x16xf32>, tensor<16x24xbf16>)
      outs(%y : tensor<?x24xf32>) {
  ^bb0(%a: f32, %b: bf16, %c: f32):
    %e2 = arith.extf %b : bf16 to f32
    %p = arith.mulf %a, %e2 : f32
    %s = arith.addf %c, %p : f32
    linalg.yield %s : f32
  } -> tensor<?x24xf32>
  return %r : tensor<?x24xf32>
}

// Left alone: a matrix of f32, for which there are no such products; one that
// is read row by row, as an embedding is; and what is no argument's matrix.
// CHECK-LABEL: func @f32(
// CHECK-NOT:     arith.truncf
// CHECK-LABEL: func @embedding(
// CHECK-NOT:     arith.truncf
// CHECK-LABEL: func @unmarked(
// CHECK-NOT:     arith.truncf
func.func @f32(%w: tensor<16x24xf32> {gpt2.matrix}, %x: tensor<?x16xf32>,
               %y: tensor<?x24xf32>) -> tensor<?x24xf32> {
  %r = linalg.generic {indexing_maps = [#tk, #kn, #tn],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<?x16xf32>, tensor<16x24xf32>)
      outs(%y : tensor<?x24xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %p = arith.mulf %a, %b : f32
    %s = arith.addf %c, %p : f32
    linalg.yield %s : f32
  } -> tensor<?x24xf32>
  return %r : tensor<?x24xf32>
}
func.func @embedding(%w: tensor<24x16xbf16> {gpt2.matrix},
                     %x: tensor<?x16xf32>, %y: tensor<?x24xf32>)
    -> tensor<?x24xf32> {
  %r = linalg.generic {indexing_maps = [#tk,
                                        affine_map<(t, n, k) -> (n, k)>, #tn],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<?x16xf32>, tensor<24x16xbf16>)
      outs(%y : tensor<?x24xf32>) {
  ^bb0(%a: f32, %b: bf16, %c: f32):
    %e = arith.extf %b : bf16 to f32
    %p = arith.mulf %a, %e : f32
    %s = arith.addf %c, %p : f32
    linalg.yield %s : f32
  } -> tensor<?x24xf32>
  return %r : tensor<?x24xf32>
}
func.func @unmarked(%w: tensor<16x24xbf16>, %x: tensor<?x16xf32>,
                    %y: tensor<?x24xf32>) -> tensor<?x24xf32> {
  %r = linalg.generic {indexing_maps = [#tk, #kn, #tn],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<?x16xf32>, tensor<16x24xbf16>)
      outs(%y : tensor<?x24xf32>) {
  ^bb0(%a: f32, %b: bf16, %c: f32):
    %e = arith.extf %b : bf16 to f32
    %p = arith.mulf %a, %e : f32
    %s = arith.addf %c, %p : f32
    linalg.yield %s : f32
  } -> tensor<?x24xf32>
  return %r : tensor<?x24xf32>
}
