// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: gpt2-opt %s --order-loops --canonicalize | FileCheck %s
// RUN: gpt2-opt %s --order-loops=registers=4800 --canonicalize \
// RUN:   | FileCheck %s --check-prefix=MANY

// The maps of a product whose loops are (m, k, n).
// CHECK-DAG: #[[MK:[a-z0-9]+]] = affine_map<(d0, d1, d2) -> (d0, d1)>
// CHECK-DAG: #[[KN:[a-z0-9]+]] = affine_map<(d0, d1, d2) -> (d1, d2)>
// CHECK-DAG: #[[MN:[a-z0-9]+]] = affine_map<(d0, d1, d2) -> (d0, d2)>

// (m, n, k) becomes (m, k, n): a step of m jumps in two operands, one of k in
// one, and one of n goes to the next element.
// CHECK-LABEL: func @product(
// CHECK:         linalg.generic {indexing_maps = [#[[MK]], #[[KN]], #[[MN]]], iterator_types = ["parallel", "reduction", "parallel"]}

// With registers for all 300 x 16 results, the sum goes on outside of them.
// MANY-LABEL: func @product(
// MANY:         iterator_types = ["reduction", "parallel", "parallel"]
func.func @product(%x: tensor<300x8xf32>, %w: tensor<8x16xf32>,
                   %y: tensor<300x16xf32>) -> tensor<300x16xf32> {
  %r = linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>,
                                        affine_map<(m, n, k) -> (k, n)>,
                                        affine_map<(m, n, k) -> (m, n)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<300x8xf32>, tensor<8x16xf32>)
      outs(%y : tensor<300x16xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %p = arith.mulf %a, %b : f32
    %s = arith.addf %c, %p : f32
    linalg.yield %s : f32
  } -> tensor<300x16xf32>
  return %r : tensor<300x16xf32>
}

// A product of one row has few results, which stay in registers: the sum goes
// outside without being asked to.
// CHECK-LABEL: func @one_row(
// CHECK:         iterator_types = ["reduction", "parallel", "parallel"]
func.func @one_row(%x: tensor<1x8xf32>, %w: tensor<8x16xf32>,
                   %y: tensor<1x16xf32>) -> tensor<1x16xf32> {
  %r = linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>,
                                        affine_map<(m, n, k) -> (k, n)>,
                                        affine_map<(m, n, k) -> (m, n)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<1x8xf32>, tensor<8x16xf32>)
      outs(%y : tensor<1x16xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %p = arith.mulf %a, %b : f32
    %s = arith.addf %c, %p : f32
    linalg.yield %s : f32
  } -> tensor<1x16xf32>
  return %r : tensor<1x16xf32>
}

// How many results an open size makes is not known, so they do not count as
// few, however many registers there are.
// CHECK-LABEL: func @open(
// CHECK:         iterator_types = ["parallel", "reduction", "parallel"]
// MANY-LABEL: func @open(
// MANY:         iterator_types = ["parallel", "reduction", "parallel"]
func.func @open(%x: tensor<?x8xf32>, %w: tensor<8x16xf32>,
                %y: tensor<?x16xf32>) -> tensor<?x16xf32> {
  %r = linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>,
                                        affine_map<(m, n, k) -> (k, n)>,
                                        affine_map<(m, n, k) -> (m, n)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<?x8xf32>, tensor<8x16xf32>)
      outs(%y : tensor<?x16xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %p = arith.mulf %a, %b : f32
    %s = arith.addf %c, %p : f32
    linalg.yield %s : f32
  } -> tensor<?x16xf32>
  return %r : tensor<?x16xf32>
}

// Along rows of the two that are read, not of the one that is written. The body
// still knows which of its indices is which.
// CHECK-LABEL: func @transposed(
// CHECK:         linalg.generic
// CHECK-SAME:        iterator_types = ["parallel", "parallel"]
// CHECK-SAME:        ins(%{{.*}}, %{{.*}} : tensor<90x70xf32>, tensor<90x70xf32>)
// CHECK:           %[[I:.+]] = linalg.index 1 : index
// CHECK:           %[[J:.+]] = linalg.index 0 : index
// CHECK:           arith.cmpi ult, %[[I]], %[[J]]
func.func @transposed(%x: tensor<90x70xf32>, %y: tensor<90x70xf32>,
                      %z: tensor<70x90xf32>) -> tensor<70x90xf32> {
  %r = linalg.generic {indexing_maps = [affine_map<(i, j) -> (j, i)>,
                                        affine_map<(i, j) -> (j, i)>,
                                        affine_map<(i, j) -> (i, j)>],
      iterator_types = ["parallel", "parallel"]}
      ins(%x, %y : tensor<90x70xf32>, tensor<90x70xf32>)
      outs(%z : tensor<70x90xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %before = arith.cmpi ult, %i, %j : index
    %s = arith.select %before, %a, %b : f32
    linalg.yield %s : f32
  } -> tensor<70x90xf32>
  return %r : tensor<70x90xf32>
}

// As many jumps either way, and no sum: the order stays.
// CHECK-LABEL: func @as_many(
// CHECK:           %[[I:.+]] = linalg.index 0 : index
// CHECK:           %[[J:.+]] = linalg.index 1 : index
// CHECK:           arith.cmpi ult, %[[I]], %[[J]]
func.func @as_many(%x: tensor<90x70xf32>, %z: tensor<70x90xf32>)
    -> tensor<70x90xf32> {
  %r = linalg.generic {indexing_maps = [affine_map<(i, j) -> (j, i)>,
                                        affine_map<(i, j) -> (i, j)>],
      iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<90x70xf32>) outs(%z : tensor<70x90xf32>) {
  ^bb0(%a: f32, %c: f32):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %before = arith.cmpi ult, %i, %j : index
    %s = arith.select %before, %a, %c : f32
    linalg.yield %s : f32
  } -> tensor<70x90xf32>
  return %r : tensor<70x90xf32>
}

// A sum of columns and a sum of rows: in both, rows are outside. A single loop
// stays, and so does what has none.
// CHECK-LABEL: func @sums(
// CHECK:         iterator_types = ["reduction", "parallel"]
// CHECK:         iterator_types = ["parallel", "reduction"]
// CHECK:         iterator_types = ["parallel"]
// CHECK:         iterator_types = []
func.func @sums(%x: tensor<900x700xf32>, %c: tensor<700xf32>,
                %r: tensor<900xf32>, %s: tensor<f32>)
    -> (tensor<700xf32>, tensor<900xf32>, tensor<700xf32>, tensor<f32>) {
  %columns = linalg.generic {indexing_maps = [affine_map<(j, i) -> (i, j)>,
                                              affine_map<(j, i) -> (j)>],
      iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<900x700xf32>) outs(%c : tensor<700xf32>) {
  ^bb0(%a: f32, %o: f32):
    %t = arith.addf %a, %o : f32
    linalg.yield %t : f32
  } -> tensor<700xf32>
  %rows = linalg.generic {indexing_maps = [affine_map<(j, i) -> (i, j)>,
                                           affine_map<(j, i) -> (i)>],
      iterator_types = ["reduction", "parallel"]}
      ins(%x : tensor<900x700xf32>) outs(%r : tensor<900xf32>) {
  ^bb0(%a: f32, %o: f32):
    %t = arith.addf %a, %o : f32
    linalg.yield %t : f32
  } -> tensor<900xf32>
  %one = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>],
      iterator_types = ["parallel"]} outs(%c : tensor<700xf32>) {
  ^bb0(%o: f32):
    %t = arith.addf %o, %o : f32
    linalg.yield %t : f32
  } -> tensor<700xf32>
  %none = linalg.generic {indexing_maps = [affine_map<() -> ()>],
      iterator_types = []} outs(%s : tensor<f32>) {
  ^bb0(%o: f32):
    %t = arith.addf %o, %o : f32
    linalg.yield %t : f32
  } -> tensor<f32>
  return %columns, %rows, %one, %none
      : tensor<700xf32>, tensor<900xf32>, tensor<700xf32>, tensor<f32>
}

// An operation with a name has the order of its name.
// CHECK-LABEL: func @named(
// CHECK:         linalg.matmul
func.func @named(%x: tensor<300x8xf32>, %w: tensor<8x16xf32>,
                 %y: tensor<300x16xf32>) -> tensor<300x16xf32> {
  %r = linalg.matmul ins(%x, %w : tensor<300x8xf32>, tensor<8x16xf32>)
      outs(%y : tensor<300x16xf32>) -> tensor<300x16xf32>
  return %r : tensor<300x16xf32>
}
