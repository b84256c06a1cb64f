// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: gpt2-opt %s --linalg-generalize-named-ops --fuse-elementwise \
// RUN:   | FileCheck %s
// RUN: gpt2-opt %s --linalg-generalize-named-ops \
// RUN:     --linalg-fuse-elementwise-ops | FileCheck %s --check-prefix=UPSTREAM

#id = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>

// Doubling feeds an elementwise operation, and is computed in its body. tanh
// feeds a product, whose every column would compute it again: it stays outside.
// CHECK-LABEL: func @product(
// CHECK-SAME:      %[[X:[a-z0-9]+]]: tensor<4x8xf32>, %[[W:[a-z0-9]+]]:
// CHECK:         %[[TANH:.+]] = linalg.generic {{.*}} ins(%[[X]] :
// CHECK:           %[[DOUBLE:.+]] = arith.addf
// CHECK-NEXT:      math.tanh %[[DOUBLE]]
// CHECK-NEXT:      linalg.yield
// CHECK:         linalg.generic {{.*}} ins(%[[TANH]], %[[W]] :
// CHECK-NOT:       math.tanh
// CHECK-NOT:     linalg.generic
// CHECK:         return

// Upstream's pass does not ask, and puts all three into one body.
// UPSTREAM-LABEL: func @product(
// UPSTREAM-COUNT-1: linalg.generic
// UPSTREAM:         math.tanh
// UPSTREAM-NEXT:    arith.mulf
// UPSTREAM-NOT:     linalg.generic
// UPSTREAM:         return
func.func @product(%x: tensor<4x8xf32>, %w: tensor<8x16xf32>,
                   %y: tensor<4x16xf32>) -> tensor<4x16xf32> {
  %e = tensor.empty() : tensor<4x8xf32>
  %double = linalg.generic {indexing_maps = [#id, #id],
      iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%v: f32, %o: f32):
    %d = arith.addf %v, %v : f32
    linalg.yield %d : f32
  } -> tensor<4x8xf32>
  %tanh = linalg.generic {indexing_maps = [#id, #id],
      iterator_types = ["parallel", "parallel"]}
      ins(%double : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%v: f32, %o: f32):
    %t = math.tanh %v : f32
    linalg.yield %t : f32
  } -> tensor<4x8xf32>
  %r = linalg.matmul ins(%tanh, %w : tensor<4x8xf32>, tensor<8x16xf32>)
      outs(%y : tensor<4x16xf32>) -> tensor<4x16xf32>
  return %r : tensor<4x16xf32>
}

// A sum along rows reads each element once, so what it adds is computed in it.
// The sizes need not be known.
// CHECK-LABEL: func @row_sums(
// CHECK-SAME:      %[[X:[a-z0-9]+]]: tensor<?x?xf32>
// CHECK:         linalg.generic {{.*}}["parallel", "reduction"]} ins(%[[X]] :
// CHECK:           %[[SQUARE:.+]] = arith.mulf
// CHECK:           arith.addf {{.*}}%[[SQUARE]]
// CHECK-NOT:     linalg.generic
// CHECK:         return
func.func @row_sums(%x: tensor<?x?xf32>, %e: tensor<?x?xf32>,
                    %s: tensor<?xf32>) -> tensor<?xf32> {
  %square = linalg.generic {indexing_maps = [#id, #id],
      iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<?x?xf32>) outs(%e : tensor<?x?xf32>) {
  ^bb0(%v: f32, %o: f32):
    %q = arith.mulf %v, %v : f32
    linalg.yield %q : f32
  } -> tensor<?x?xf32>
  %r = linalg.generic {indexing_maps = [#id, #row],
      iterator_types = ["parallel", "reduction"]}
      ins(%square : tensor<?x?xf32>) outs(%s : tensor<?xf32>) {
  ^bb0(%v: f32, %o: f32):
    %t = arith.addf %v, %o : f32
    linalg.yield %t : f32
  } -> tensor<?xf32>
  return %r : tensor<?xf32>
}

// One number for each row is read by all elements of the row, which would each
// compute its root.
// CHECK-LABEL: func @of_each_row(
// CHECK:         %[[ROOT:.+]] = linalg.generic
// CHECK:           math.rsqrt
// CHECK:         linalg.generic {{.*}} ins(%{{.*}}, %[[ROOT]] :
// CHECK-NEXT:    ^bb0
// CHECK-NEXT:      arith.mulf
// CHECK:         return
func.func @of_each_row(%x: tensor<4x8xf32>, %s: tensor<4xf32>)
    -> tensor<4x8xf32> {
  %e = tensor.empty() : tensor<4xf32>
  %root = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>,
                                           affine_map<(i) -> (i)>],
      iterator_types = ["parallel"]}
      ins(%s : tensor<4xf32>) outs(%e : tensor<4xf32>) {
  ^bb0(%v: f32, %o: f32):
    %t = math.rsqrt %v : f32
    linalg.yield %t : f32
  } -> tensor<4xf32>
  %f = tensor.empty() : tensor<4x8xf32>
  %r = linalg.generic {indexing_maps = [#id, #row, #id],
      iterator_types = ["parallel", "parallel"]}
      ins(%x, %root : tensor<4x8xf32>, tensor<4xf32>)
      outs(%f : tensor<4x8xf32>) {
  ^bb0(%v: f32, %q: f32, %o: f32):
    %t = arith.mulf %v, %q : f32
    linalg.yield %t : f32
  } -> tensor<4x8xf32>
  return %r : tensor<4x8xf32>
}

// What two operations read would be computed by both.
// CHECK-LABEL: func @two_readers(
// CHECK:         %[[EXP:.+]] = linalg.generic
// CHECK:           math.exp
// CHECK:         linalg.generic {{.*}} ins(%[[EXP]] :
// CHECK-NOT:       math.exp
// CHECK:         linalg.generic {{.*}} ins(%[[EXP]] :
// CHECK-NOT:       math.exp
// CHECK:         return
func.func @two_readers(%x: tensor<4x8xf32>)
    -> (tensor<4x8xf32>, tensor<4x8xf32>) {
  %e = tensor.empty() : tensor<4x8xf32>
  %exp = linalg.generic {indexing_maps = [#id, #id],
      iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%v: f32, %o: f32):
    %t = math.exp %v : f32
    linalg.yield %t : f32
  } -> tensor<4x8xf32>
  %a = linalg.generic {indexing_maps = [#id, #id],
      iterator_types = ["parallel", "parallel"]}
      ins(%exp : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%v: f32, %o: f32):
    %t = arith.addf %v, %v : f32
    linalg.yield %t : f32
  } -> tensor<4x8xf32>
  %b = linalg.generic {indexing_maps = [#id, #id],
      iterator_types = ["parallel", "parallel"]}
      ins(%exp : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%v: f32, %o: f32):
    %t = arith.mulf %v, %v : f32
    linalg.yield %t : f32
  } -> tensor<4x8xf32>
  return %a, %b : tensor<4x8xf32>, tensor<4x8xf32>
}
