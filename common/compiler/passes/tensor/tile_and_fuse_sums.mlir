// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: gpt2-opt %s --tile-and-fuse="parts=4 queries=2" | FileCheck %s

#left = affine_map<(v, n, c) -> (v, c)>
#right = affine_map<(v, n, c) -> (n, c)>
#sum = affine_map<(v, n, c) -> (n, v)>

// x times the transpose of v: two rows of v for one of x, each in four sums.
// CHECK-LABEL: func @ordered(
// CHECK:         linalg.generic {{.*}} outs(%{{.+}} : tensor<1x2x4xf32>)
// CHECK:         linalg.reduce ins(%{{.+}} : tensor<1x2x4xf32>) outs(%{{.+}} : tensor<1x2xf32>) dimensions = [2]
func.func @ordered(%x: tensor<6x8xf32>, %v: tensor<32x8xf32>,
    %z: tensor<6x32xf32>) -> tensor<6x32xf32> {
  %r = linalg.generic {indexing_maps = [#left, #right, #sum],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%v, %x : tensor<32x8xf32>, tensor<6x8xf32>)
      outs(%z : tensor<6x32xf32>) {
  ^bb0(%p: f32, %q: f32, %acc: f32):
    %m = arith.mulf %p, %q : f32
    %s = arith.addf %acc, %m : f32
    linalg.yield %s : f32
  } -> tensor<6x32xf32>
  return %r : tensor<6x32xf32>
}

// If terms may be added in any order, LLVM makes the sums side by side: one row
// of each, and the whole sum.
// CHECK-LABEL: func @any_order(
// CHECK-NOT:     tensor<1x2x4xf32>
// CHECK:         linalg.generic {{.*}} ins({{.*}} : tensor<1x8xf32>, tensor<1x8xf32>) outs(
// CHECK-NOT:     tensor<1x2x4xf32>
// CHECK:         return
func.func @any_order(%x: tensor<6x8xf32>, %v: tensor<32x8xf32>,
    %z: tensor<6x32xf32>) -> tensor<6x32xf32> {
  %r = linalg.generic {indexing_maps = [#left, #right, #sum],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%v, %x : tensor<32x8xf32>, tensor<6x8xf32>)
      outs(%z : tensor<6x32xf32>) {
  ^bb0(%p: f32, %q: f32, %acc: f32):
    %m = arith.mulf %p, %q fastmath<reassoc> : f32
    %s = arith.addf %acc, %m fastmath<reassoc> : f32
    linalg.yield %s : f32
  } -> tensor<6x32xf32>
  return %r : tensor<6x32xf32>
}

// A single element has no loop to be cut, though what it is made of has one.
// CHECK-LABEL: func @one_element(
// CHECK:         scf.for
// CHECK:         linalg.reduce
// CHECK:         linalg.exp
// CHECK-NOT:     scf.for
// CHECK:         return
func.func @one_element(%x: tensor<8xf32>, %y: tensor<f32>) -> tensor<f32> {
  %sum = linalg.reduce {arith.addf} ins(%x : tensor<8xf32>)
      outs(%y : tensor<f32>) dimensions = [0]
  %e = tensor.empty() : tensor<f32>
  %r = linalg.exp ins(%sum : tensor<f32>) outs(%e : tensor<f32>)
      -> tensor<f32>
  return %r : tensor<f32>
}
