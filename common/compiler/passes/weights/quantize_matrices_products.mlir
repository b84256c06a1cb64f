// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: gpt2-opt %s --split-input-file --verify-diagnostics \
// RUN:   --quantize-matrices=depth=4 | FileCheck %s

// A vector is one row, which has one largest magnitude.
// CHECK-LABEL: func @vector
// CHECK:         %[[LARGEST:.+]] = linalg.generic {{.*}} ins(%{{.+}} : tensor<8xf32>) outs(%{{.+}} : tensor<i32>) attrs = {gpt2.op = "quantized.largest", gpt2.result}
// CHECK:         %[[INVERSE:.+]] = linalg.generic {{.*}} ins(%[[LARGEST]] : tensor<i32>) outs(%{{.+}} : tensor<f32>) attrs = {gpt2.op = "quantized.inverse"}
// CHECK:         %[[U:.+]] = linalg.generic {{.*}} ins(%{{.+}}, %[[INVERSE]] : tensor<8xf32>, tensor<f32>) outs(%{{.+}} : tensor<8xi8>)
// CHECK:         linalg.generic {{.*}} ins(%[[U]], %{{.+}} : tensor<8xi8>, tensor<8x16xi8>) outs(%{{.+}} : tensor<16xi32>)
// CHECK:         linalg.generic {{.*}} ins({{.*}}, %[[LARGEST]] : {{.*}}, tensor<i32>) outs(%{{.+}} : tensor<16xf32>)
func.func @vector(%m: tensor<8x16xf32> {gpt2.matrix}, %a: tensor<8xf32>,
                  %bias: tensor<16xf32>) -> tensor<16xf32> {
  %r = linalg.generic {indexing_maps = [affine_map<(n, k) -> (k)>,
                                        affine_map<(n, k) -> (k, n)>,
                                        affine_map<(n, k) -> (n)>],
      iterator_types = ["parallel", "reduction"]}
      ins(%a, %m : tensor<8xf32>, tensor<8x16xf32>)
      outs(%bias : tensor<16xf32>) {
  ^bb0(%p: f32, %q: f32, %s: f32):
    %pq = arith.mulf %p, %q : f32
    %sum = arith.addf %s, %pq : f32
    linalg.yield %sum : f32
  } -> tensor<16xf32>
  return %r : tensor<16xf32>
}

// -----

// One vector for all rows is none for each of them: it stays f32.
// CHECK-LABEL: func @one_for_all
// CHECK-NOT:     gpt2.sums
// CHECK:         linalg.generic {{.*}} ins(%{{.+}}, %{{.+}} : tensor<8xf32>, tensor<8x16xi8>) outs(%{{.+}} : tensor<2x16xf32>)
// CHECK:         return
func.func @one_for_all(%m: tensor<8x16xf32> {gpt2.matrix}, %a: tensor<8xf32>,
                       %bias: tensor<2x16xf32>) -> tensor<2x16xf32> {
  %r = linalg.generic {indexing_maps = [affine_map<(t, n, k) -> (k)>,
                                        affine_map<(t, n, k) -> (k, n)>,
                                        affine_map<(t, n, k) -> (t, n)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %m : tensor<8xf32>, tensor<8x16xf32>)
      outs(%bias : tensor<2x16xf32>) {
  ^bb0(%p: f32, %q: f32, %s: f32):
    %pq = arith.mulf %p, %q : f32
    %sum = arith.addf %s, %pq : f32
    linalg.yield %sum : f32
  } -> tensor<2x16xf32>
  return %r : tensor<2x16xf32>
}

// -----

// A product that does more than add is none, and neither is one of elements:
// their matrices stay as they are.
// CHECK-LABEL: func @more
// CHECK-SAME:    tensor<8x16xf32> {gpt2.matrix}, %{{[^ ]+}}: tensor<2x16xf32> {gpt2.matrix}
// CHECK-NOT:     i8
// CHECK:         return
func.func @more(%m: tensor<8x16xf32> {gpt2.matrix},
                %e: tensor<2x16xf32> {gpt2.matrix}, %a: tensor<2x8xf32>,
                %bias: tensor<2x16xf32>)
    -> (tensor<2x16xf32>, tensor<2x16xf32>) {
  %two = arith.constant 2.0 : f32
  %r = linalg.generic {indexing_maps = [affine_map<(t, n, k) -> (t, k)>,
                                        affine_map<(t, n, k) -> (k, n)>,
                                        affine_map<(t, n, k) -> (t, n)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %m : tensor<2x8xf32>, tensor<8x16xf32>)
      outs(%bias : tensor<2x16xf32>) {
  ^bb0(%p: f32, %q: f32, %s: f32):
    %twice = arith.mulf %q, %two : f32
    %pq = arith.mulf %p, %twice : f32
    %sum = arith.addf %s, %pq : f32
    linalg.yield %sum : f32
  } -> tensor<2x16xf32>
  %u = linalg.generic {indexing_maps = [affine_map<(t, n, k) -> (t, k)>,
                                        affine_map<(t, n, k) -> (t, n)>,
                                        affine_map<(t, n, k) -> (t, n)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %e : tensor<2x8xf32>, tensor<2x16xf32>)
      outs(%bias : tensor<2x16xf32>) {
  ^bb0(%p: f32, %q: f32, %s: f32):
    %pq = arith.mulf %p, %q : f32
    %sum = arith.addf %s, %pq : f32
    linalg.yield %sum : f32
  } -> tensor<2x16xf32>
  return %r, %u : tensor<2x16xf32>, tensor<2x16xf32>
}

// -----

#x = affine_map<(t, n, k) -> (t, k)>
#w = affine_map<(t, n, k) -> (k, n)>
#y = affine_map<(t, n, k) -> (t, n)>

// A layer is one of the first dimension: this is a part of each layer.
func.func @across(%m: tensor<8x2x8xf32> {gpt2.matrix}, %a: tensor<2x8xf32>,
                  %bias: tensor<2x8xf32>, %i: index) -> tensor<2x8xf32> {
  %part = tensor.extract_slice %m[0, %i, 0] [8, 1, 8] [1, 1, 1]
      : tensor<8x2x8xf32> to tensor<8x8xf32>
  // expected-error @below {{quantize-matrices: a product with a part of a matrix}}
  %one = linalg.generic {indexing_maps = [#x, #w, #y],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %part : tensor<2x8xf32>, tensor<8x8xf32>)
      outs(%bias : tensor<2x8xf32>) {
  ^bb0(%p: f32, %q: f32, %s: f32):
    %pq = arith.mulf %p, %q : f32
    %sum = arith.addf %s, %pq : f32
    linalg.yield %sum : f32
  } -> tensor<2x8xf32>
  return %one : tensor<2x8xf32>
}

// -----

// Scales are of the last dimension of a result.
func.func @transposed(%m: tensor<8x16xf32> {gpt2.matrix}, %a: tensor<2x8xf32>,
                      %bias: tensor<16x2xf32>) -> tensor<16x2xf32> {
  // expected-error @below {{quantize-matrices: expected rows of the matrix's columns as results}}
  %one = linalg.generic {indexing_maps = [affine_map<(t, n, k) -> (t, k)>,
                                          affine_map<(t, n, k) -> (k, n)>,
                                          affine_map<(t, n, k) -> (n, t)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %m : tensor<2x8xf32>, tensor<8x16xf32>)
      outs(%bias : tensor<16x2xf32>) {
  ^bb0(%p: f32, %q: f32, %s: f32):
    %pq = arith.mulf %p, %q : f32
    %sum = arith.addf %s, %pq : f32
    linalg.yield %sum : f32
  } -> tensor<16x2xf32>
  return %one : tensor<16x2xf32>
}

// -----

#x = affine_map<(t, n, k) -> (t, k)>
#w = affine_map<(t, n, k) -> (n, k)>
#y = affine_map<(t, n, k) -> (t, n)>

// Both factors cannot be weights in eight bits.
func.func @squared(%m: tensor<8x8xf32> {gpt2.matrix}, %bias: tensor<8x8xf32>)
    -> tensor<8x8xf32> {
  // expected-error @below {{quantize-matrices knows no way to read i8 here}}
  %one = linalg.generic {indexing_maps = [#w, #x, #y],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%m, %m : tensor<8x8xf32>, tensor<8x8xf32>)
      outs(%bias : tensor<8x8xf32>) {
  ^bb0(%p: f32, %q: f32, %s: f32):
    %pq = arith.mulf %p, %q : f32
    %sum = arith.addf %s, %pq : f32
    linalg.yield %sum : f32
  } -> tensor<8x8xf32>
  return %one : tensor<8x8xf32>
}

// -----

#x = affine_map<(t, n, k) -> (t, k)>
#w = affine_map<(t, n, k) -> (k, n)>
#y = affine_map<(t, n, k) -> (t, n)>

// Nor does another operation know what to do with a layer of them.
func.func @mapped(%m: tensor<2x8x16xf32> {gpt2.matrix}, %a: tensor<2x8xf32>,
                  %bias: tensor<2x16xf32>, %to: tensor<8x16xf32>)
    -> (tensor<2x16xf32>, tensor<8x16xf32>) {
  %layer = tensor.extract_slice %m[1, 0, 0] [1, 8, 16] [1, 1, 1]
      : tensor<2x8x16xf32> to tensor<8x16xf32>
  %one = linalg.generic {indexing_maps = [#x, #w, #y],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %layer : tensor<2x8xf32>, tensor<8x16xf32>)
      outs(%bias : tensor<2x16xf32>) {
  ^bb0(%p: f32, %q: f32, %s: f32):
    %pq = arith.mulf %p, %q : f32
    %sum = arith.addf %s, %pq : f32
    linalg.yield %sum : f32
  } -> tensor<2x16xf32>
  // expected-error @below {{quantize-matrices knows no way to read i8 here}}
  %exp = linalg.exp ins(%layer : tensor<8x16xf32>)
      outs(%to : tensor<8x16xf32>) -> tensor<8x16xf32>
  return %one, %exp : tensor<2x16xf32>, tensor<8x16xf32>
}

// -----

#x = affine_map<(t, n, k) -> (t, k)>
#w = affine_map<(t, n, k) -> (k, n)>
#y = affine_map<(t, n, k) -> (t, n)>

// Scales are as many as columns.
func.func @open(%m: tensor<8x?xf32> {gpt2.matrix}, %a: tensor<2x8xf32>,
                %bias: tensor<2x?xf32>) -> tensor<2x?xf32> {
  // expected-error @below {{quantize-matrices: expected a matrix of known sizes}}
  %one = linalg.generic {indexing_maps = [#x, #w, #y],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %m : tensor<2x8xf32>, tensor<8x?xf32>)
      outs(%bias : tensor<2x?xf32>) {
  ^bb0(%p: f32, %q: f32, %s: f32):
    %pq = arith.mulf %p, %q : f32
    %sum = arith.addf %s, %pq : f32
    linalg.yield %sum : f32
  } -> tensor<2x?xf32>
  return %one : tensor<2x?xf32>
}
