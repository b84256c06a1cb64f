// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: gpt2-opt %s --split-input-file --verify-diagnostics \
// RUN:   --quantize-matrices=depth=4 | FileCheck %s

#x = affine_map<(t, n, k) -> (t, k)>
#w = affine_map<(t, n, k) -> (k, n)>
#y = affine_map<(t, n, k) -> (t, n)>

// Two products with one matrix: one vector of scales and one of sums for both.
// An element that is read is of column 1, and so is its scale.
// CHECK-LABEL: func @two_products
// CHECK-SAME:    %{{[^ ]+}}: tensor<8x16xi8> {gpt2.matrix}
// CHECK-SAME:    %{{[^ ]+}}: tensor<2x8xf32>
// CHECK-SAME:    %[[SCALES:[^ ]+]]: tensor<16xf32> {gpt2.scales = array<i64: 0, 1>}
// CHECK-SAME:    %[[SUMS:[^ ]+]]: tensor<16xi32> {gpt2.sums = array<i64: 0, 1>}
// CHECK-NOT:     gpt2.scales
// CHECK:         %[[COLUMN:.+]] = arith.constant 5 : index
// CHECK:         linalg.generic {{.*}} ins(%{{[^:]+}}, %[[SCALES]], %[[SUMS]],
// CHECK:         linalg.generic {{.*}} ins(%{{[^:]+}}, %[[SCALES]], %[[SUMS]],
// CHECK:         tensor.extract %[[SCALES]][%[[COLUMN]]]
func.func @two_products(%m: tensor<8x16xf32> {gpt2.matrix},
                        %a: tensor<2x8xf32>, %bias: tensor<2x16xf32>)
    -> (tensor<2x16xf32>, tensor<2x16xf32>, f32) {
  %row = arith.constant 3 : index
  %column = arith.constant 5 : index
  %one = linalg.generic {indexing_maps = [#x, #w, #y],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %m : tensor<2x8xf32>, tensor<8x16xf32>)
      outs(%bias : tensor<2x16xf32>) {
  ^bb0(%p: f32, %q: f32, %s: f32):
    %pq = arith.mulf %p, %q : f32
    %sum = arith.addf %s, %pq : f32
    linalg.yield %sum : f32
  } -> tensor<2x16xf32>
  %two = linalg.generic {indexing_maps = [#x, #w, #y],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %m : tensor<2x8xf32>, tensor<8x16xf32>)
      outs(%one : tensor<2x16xf32>) {
  ^bb0(%p: f32, %q: f32, %s: f32):
    %pq = arith.mulf %p, %q : f32
    %sum = arith.addf %s, %pq : f32
    linalg.yield %sum : f32
  } -> tensor<2x16xf32>
  %element = tensor.extract %m[%row, %column] : tensor<8x16xf32>
  return %one, %two, %element
      : tensor<2x16xf32>, tensor<2x16xf32>, f32
}

// -----

#x = affine_map<(t, n, k) -> (t, k)>
#by_rows = affine_map<(t, n, k) -> (n, k)>
#by_columns = affine_map<(t, n, k) -> (k, n)>
#y = affine_map<(t, n, k) -> (t, n)>

// Whose columns are the scales' then?
func.func @both_ways(%m: tensor<8x8xf32> {gpt2.matrix}, %a: tensor<2x8xf32>,
                     %bias: tensor<2x8xf32>) -> tensor<2x8xf32> {
  // expected-note @below {{the other}}
  %one = linalg.generic {indexing_maps = [#x, #by_rows, #y],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %m : tensor<2x8xf32>, tensor<8x8xf32>)
      outs(%bias : tensor<2x8xf32>) {
  ^bb0(%p: f32, %q: f32, %s: f32):
    %pq = arith.mulf %p, %q : f32
    %sum = arith.addf %s, %pq : f32
    linalg.yield %sum : f32
  } -> tensor<2x8xf32>
  // expected-error @below {{quantize-matrices: this product's columns are another's rows}}
  %two = linalg.generic {indexing_maps = [#x, #by_columns, #y],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %m : tensor<2x8xf32>, tensor<8x8xf32>)
      outs(%one : tensor<2x8xf32>) {
  ^bb0(%p: f32, %q: f32, %s: f32):
    %pq = arith.mulf %p, %q : f32
    %sum = arith.addf %s, %pq : f32
    linalg.yield %sum : f32
  } -> tensor<2x8xf32>
  return %two : tensor<2x8xf32>
}

// -----

#x = affine_map<(t, n, k) -> (t, k)>
#w = affine_map<(t, n, k) -> (k, n)>
#y = affine_map<(t, n, k) -> (t, n)>

// The sums of whole columns would be taken from sums of their halves.
func.func @half(%m: tensor<8x16xf32> {gpt2.matrix}, %a: tensor<2x4xf32>,
                %bias: tensor<2x16xf32>) -> tensor<2x16xf32> {
  %upper = tensor.extract_slice %m[0, 0] [4, 16] [1, 1]
      : tensor<8x16xf32> to tensor<4x16xf32>
  // expected-error @below {{quantize-matrices: a product with a part of a matrix}}
  %one = linalg.generic {indexing_maps = [#x, #w, #y],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %upper : tensor<2x4xf32>, tensor<4x16xf32>)
      outs(%bias : tensor<2x16xf32>) {
  ^bb0(%p: f32, %q: f32, %s: f32):
    %pq = arith.mulf %p, %q : f32
    %sum = arith.addf %s, %pq : f32
    linalg.yield %sum : f32
  } -> tensor<2x16xf32>
  return %one : tensor<2x16xf32>
}
