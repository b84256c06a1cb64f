// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: gpt2-opt %s --split-input-file --verify-diagnostics \
// RUN:   --quantize-matrices=depth=4 | FileCheck %s

#x = affine_map<(t, n, k) -> (t, k)>
#w = affine_map<(t, n, k) -> (k, n)>
#y = affine_map<(t, n, k) -> (t, n)>

// Who loads a matrix loads it for all entries: what one of them multiplies in
// i8, the other reads in i8, and has the same vectors.
// CHECK-LABEL: func @prefill(
// CHECK-SAME:    tensor<8x16xi8> {gpt2.matrix}
// CHECK-SAME:    tensor<16xf32> {gpt2.scales = array<i64: 0, 1>}, %{{[^ ]+}}: tensor<16xi32> {gpt2.sums = array<i64: 0, 1>})
// CHECK-LABEL: func @decode(
// CHECK-SAME:    %[[Q:[^ ]+]]: tensor<8x16xi8> {gpt2.matrix}
// CHECK-SAME:    %[[SCALES:[^ ]+]]: tensor<16xf32> {gpt2.scales = array<i64: 0, 1>}, %{{[^ ]+}}: tensor<16xi32> {gpt2.sums = array<i64: 0, 1>})
// CHECK:         %[[E:.+]] = tensor.extract %[[Q]]
// CHECK:         %[[S:.+]] = tensor.extract %[[SCALES]]
// CHECK:         %[[WIDE:.+]] = arith.sitofp %[[E]] : i8 to f32
// CHECK:         arith.mulf %[[WIDE]], %[[S]]
func.func @prefill(%m: tensor<8x16xf32> {gpt2.matrix}, %a: tensor<2x8xf32>,
                   %bias: tensor<2x16xf32>) -> tensor<2x16xf32> {
  %one = linalg.generic {indexing_maps = [#x, #w, #y],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %m : tensor<2x8xf32>, tensor<8x16xf32>)
      outs(%bias : tensor<2x16xf32>) {
  ^bb0(%p: f32, %q: f32, %s: f32):
    %pq = arith.mulf %p, %q : f32
    %sum = arith.addf %s, %pq : f32
    linalg.yield %sum : f32
  } -> tensor<2x16xf32>
  return %one : tensor<2x16xf32>
}
func.func @decode(%m: tensor<8x16xf32> {gpt2.matrix}, %i: index, %j: index)
    -> f32 {
  %e = tensor.extract %m[%i, %j] : tensor<8x16xf32>
  return %e : f32
}

// -----

#x = affine_map<(t, n, k) -> (t, k)>
#w = affine_map<(t, n, k) -> (k, n)>
#y = affine_map<(t, n, k) -> (t, n)>

// Dots in both or in neither: one of them cannot.
// CHECK-LABEL: func @prefill(
// CHECK-NOT:     gpt2.sums
// CHECK:         linalg.generic {{.*}} ins(%{{.+}}, %{{.+}} : tensor<2x8xf32>, tensor<8x16xi8>)
// CHECK-LABEL: func @decode(
// CHECK-NOT:     gpt2.sums
// CHECK:         linalg.generic {{.*}} ins(%{{.+}}, %{{.+}} : tensor<8x2xf32>, tensor<8x16xi8>)
func.func @prefill(%m: tensor<8x16xf32> {gpt2.matrix}, %a: tensor<2x8xf32>,
                   %bias: tensor<2x16xf32>) -> tensor<2x16xf32> {
  %one = linalg.generic {indexing_maps = [#x, #w, #y],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %m : tensor<2x8xf32>, tensor<8x16xf32>)
      outs(%bias : tensor<2x16xf32>) {
  ^bb0(%p: f32, %q: f32, %s: f32):
    %pq = arith.mulf %p, %q : f32
    %sum = arith.addf %s, %pq : f32
    linalg.yield %sum : f32
  } -> tensor<2x16xf32>
  return %one : tensor<2x16xf32>
}
func.func @decode(%m: tensor<8x16xf32> {gpt2.matrix}, %a: tensor<8x2xf32>,
                  %bias: tensor<2x16xf32>) -> tensor<2x16xf32> {
  %one = linalg.generic {indexing_maps = [affine_map<(t, n, k) -> (k, t)>,
                                          #w, #y],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %m : tensor<8x2xf32>, tensor<8x16xf32>)
      outs(%bias : tensor<2x16xf32>) {
  ^bb0(%p: f32, %q: f32, %s: f32):
    %pq = arith.mulf %p, %q : f32
    %sum = arith.addf %s, %pq : f32
    linalg.yield %sum : f32
  } -> tensor<2x16xf32>
  return %one : tensor<2x16xf32>
}

// -----

#x = affine_map<(t, n, k) -> (t, k)>
#by_rows = affine_map<(t, n, k) -> (n, k)>
#by_columns = affine_map<(t, n, k) -> (k, n)>
#y = affine_map<(t, n, k) -> (t, n)>

// Whose columns are the scales' then?
func.func @prefill(%m: tensor<8x8xf32> {gpt2.matrix}, %a: tensor<2x8xf32>,
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
  return %one : tensor<2x8xf32>
}
func.func @decode(%m: tensor<8x8xf32> {gpt2.matrix}, %a: tensor<2x8xf32>,
                  %bias: tensor<2x8xf32>) -> tensor<2x8xf32> {
  // expected-error @below {{quantize-matrices: this product's columns are another's rows}}
  %one = linalg.generic {indexing_maps = [#x, #by_columns, #y],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %m : tensor<2x8xf32>, tensor<8x8xf32>)
      outs(%bias : tensor<2x8xf32>) {
  ^bb0(%p: f32, %q: f32, %s: f32):
    %pq = arith.mulf %p, %q : f32
    %sum = arith.addf %s, %pq : f32
    linalg.yield %sum : f32
  } -> tensor<2x8xf32>
  return %one : tensor<2x8xf32>
}

// -----

#x = affine_map<(t, n, k) -> (t, k)>
#w = affine_map<(t, n, k) -> (k, n)>
#y = affine_map<(t, n, k) -> (t, n)>

// The scales would be an argument of another number in each.
// expected-note @below {{the other}}
func.func @prefill(%m: tensor<8x16xf32> {gpt2.matrix}, %a: tensor<2x8xf32>,
                   %bias: tensor<2x16xf32>) -> tensor<2x16xf32> {
  %one = linalg.generic {indexing_maps = [#x, #w, #y],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %m : tensor<2x8xf32>, tensor<8x16xf32>)
      outs(%bias : tensor<2x16xf32>) {
  ^bb0(%p: f32, %q: f32, %s: f32):
    %pq = arith.mulf %p, %q : f32
    %sum = arith.addf %s, %pq : f32
    linalg.yield %sum : f32
  } -> tensor<2x16xf32>
  return %one : tensor<2x16xf32>
}
// expected-error @below {{quantize-matrices: shares argument 0 with an entry that has more or fewer}}
func.func @decode(%m: tensor<8x16xf32> {gpt2.matrix}) {
  return
}
