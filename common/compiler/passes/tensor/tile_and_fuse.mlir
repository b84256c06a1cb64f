// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: gpt2-opt %s \
// RUN:     --tile-and-fuse="rows=2 columns=4 depth=8 strip=2 parts=8 queries=8" \
// RUN:     --canonicalize --cse | FileCheck %s
// RUN: gpt2-opt %s \
// RUN:     --tile-and-fuse="rows=2 columns=4 depth=8 strip=2 parts=8 fuse=false" \
// RUN:     --canonicalize --cse | FileCheck %s --check-prefix=ALONE
// RUN: gpt2-opt %s \
// RUN:     --tile-and-fuse="rows=2 columns=4 depth=8 strip=2 parts=8 pack=true" \
// RUN:     --canonicalize --cse | FileCheck %s --check-prefix=PACK

#id = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>
#column = affine_map<(i, j) -> (j)>

// A product in tiles of 2 x 4, columns outermost. Its bias is made for each
// tile, in the tile's place.
// CHECK-LABEL: func @bias(
// CHECK-SAME:      %[[X:[a-z0-9]+]]: tensor<4x8xf32>, %[[W:[a-z0-9]+]]: tensor<8x16xf32>, %[[B:[a-z0-9]+]]: tensor<16xf32>
// CHECK-NOT:     linalg
// CHECK:         scf.for %[[J:.+]] = %c0 to %c16 step %c4
// CHECK:           scf.for %[[I:.+]] = %c0 to %c4 step %c2 iter_args(%[[Y:.+]] = %
// CHECK-DAG:         %[[XI:.+]] = tensor.extract_slice %[[X]][%[[I]], 0] [2, 8]
// CHECK-DAG:         %[[WJ:.+]] = tensor.extract_slice %[[W]][0, %[[J]]] [8, 4]
// CHECK-DAG:         %[[BJ:.+]] = tensor.extract_slice %[[B]][%[[J]]] [4]
// CHECK-DAG:         %[[YIJ:.+]] = tensor.extract_slice %[[Y]][%[[I]], %[[J]]] [2, 4]
// CHECK:             %[[BIAS:.+]] = linalg.broadcast ins(%[[BJ]] : tensor<4xf32>) outs(%[[YIJ]] : tensor<2x4xf32>)
// CHECK:             %[[TILE:.+]] = linalg.matmul ins(%[[XI]], %[[WJ]] : tensor<2x8xf32>, tensor<8x4xf32>) outs(%[[BIAS]] : tensor<2x4xf32>)
// CHECK:             tensor.insert_slice %[[TILE]] into %[[Y]][%[[I]], %[[J]]] [2, 4]
// CHECK-NOT:     linalg
// CHECK:         return

// With fuse=false, the bias is made as a whole before.
// ALONE-LABEL: func @bias(
// ALONE:         %[[BIAS:.+]] = linalg.broadcast {{.*}} : tensor<4x16xf32>
// ALONE:         scf.for {{.*}} iter_args(%{{.*}} = %[[BIAS]])
// ALONE-NOT:     linalg.broadcast
// ALONE:         linalg.matmul {{.*}} outs({{.*}} : tensor<2x4xf32>)
func.func @bias(%x: tensor<4x8xf32>, %w: tensor<8x16xf32>, %b: tensor<16xf32>)
    -> tensor<4x16xf32> {
  %e = tensor.empty() : tensor<4x16xf32>
  %bias = linalg.broadcast ins(%b : tensor<16xf32>)
      outs(%e : tensor<4x16xf32>) dimensions = [0]
  %r = linalg.matmul ins(%x, %w : tensor<4x8xf32>, tensor<8x16xf32>)
      outs(%bias : tensor<4x16xf32>) -> tensor<4x16xf32>
  return %r : tensor<4x16xf32>
}

// What elementwise follows a product is computed of each tile. What comes
// before it is not: rows of the left matrix are read for each tile of columns
// anew. So tanh, once for each element, is outside of the loops.
// CHECK-LABEL: func @before_and_after(
// CHECK-SAME:      %[[X:[a-z0-9]+]]: tensor<4x8xf32>
// CHECK:         %[[TANH:.+]] = linalg.tanh ins(%[[X]] : tensor<4x8xf32>)
// CHECK-NOT:     linalg
// CHECK:         scf.for
// CHECK:           scf.for %[[I:.+]] = %c0 to %c4 step %c2
// CHECK:             %[[XI:.+]] = tensor.extract_slice %[[TANH]][%[[I]], 0] [2, 8]
// CHECK:             %[[TILE:.+]] = linalg.matmul ins(%[[XI]], %{{.*}}) outs({{.*}} : tensor<2x4xf32>)
// CHECK:             linalg.exp ins(%[[TILE]] : tensor<2x4xf32>)
// CHECK-NOT:     linalg
// CHECK:         return

// With fuse=false, both are outside, whole.
// ALONE-LABEL: func @before_and_after(
// ALONE:         linalg.tanh ins({{.*}} : tensor<4x8xf32>)
// ALONE:         scf.for
// ALONE:         linalg.matmul
// ALONE:         linalg.exp ins({{.*}} : tensor<4x16xf32>)
func.func @before_and_after(%x: tensor<4x8xf32>, %w: tensor<8x16xf32>,
                            %b: tensor<4x16xf32>) -> tensor<4x16xf32> {
  %d = tensor.empty() : tensor<4x8xf32>
  %tanh = linalg.tanh ins(%x : tensor<4x8xf32>) outs(%d : tensor<4x8xf32>)
      -> tensor<4x8xf32>
  %r = linalg.matmul ins(%tanh, %w : tensor<4x8xf32>, tensor<8x16xf32>)
      outs(%b : tensor<4x16xf32>) -> tensor<4x16xf32>
  %e = tensor.empty() : tensor<4x16xf32>
  %exp = linalg.exp ins(%r : tensor<4x16xf32>) outs(%e : tensor<4x16xf32>)
      -> tensor<4x16xf32>
  return %exp : tensor<4x16xf32>
}

// Two products: each fills its tiles itself, since to fill twice costs less
// than to read. A bias that both read is made once, before both.
// CHECK-LABEL: func @two_readers(
// CHECK:         scf.for
// CHECK:           scf.for
// CHECK:             linalg.fill {{.*}} : tensor<2x4xf32>)
// CHECK:             linalg.matmul
// CHECK:         scf.for
// CHECK:           scf.for
// CHECK:             linalg.fill {{.*}} : tensor<2x4xf32>)
// CHECK:             linalg.matmul
// CHECK:         return
// CHECK-LABEL: func @two_readers_of_a_bias(
// CHECK:         %[[BIAS:.+]] = linalg.broadcast
// CHECK:         scf.for {{.*}} iter_args(%{{.*}} = %[[BIAS]])
// CHECK:             linalg.matmul
// CHECK:         scf.for {{.*}} iter_args(%{{.*}} = %[[BIAS]])
// CHECK:             linalg.matmul
// CHECK:         return
func.func @two_readers(%x: tensor<4x8xf32>, %w: tensor<8x16xf32>,
                       %v: tensor<8x16xf32>)
    -> (tensor<4x16xf32>, tensor<4x16xf32>) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x16xf32>
  %zeros = linalg.fill ins(%zero : f32) outs(%e : tensor<4x16xf32>)
      -> tensor<4x16xf32>
  %r = linalg.matmul ins(%x, %w : tensor<4x8xf32>, tensor<8x16xf32>)
      outs(%zeros : tensor<4x16xf32>) -> tensor<4x16xf32>
  %s = linalg.matmul ins(%x, %v : tensor<4x8xf32>, tensor<8x16xf32>)
      outs(%zeros : tensor<4x16xf32>) -> tensor<4x16xf32>
  return %r, %s : tensor<4x16xf32>, tensor<4x16xf32>
}
func.func @two_readers_of_a_bias(%x: tensor<4x8xf32>, %w: tensor<8x16xf32>,
                                 %v: tensor<8x16xf32>, %b: tensor<16xf32>)
    -> (tensor<4x16xf32>, tensor<4x16xf32>) {
  %e = tensor.empty() : tensor<4x16xf32>
  %bias = linalg.broadcast ins(%b : tensor<16xf32>)
      outs(%e : tensor<4x16xf32>) dimensions = [0]
  %r = linalg.matmul ins(%x, %w : tensor<4x8xf32>, tensor<8x16xf32>)
      outs(%bias : tensor<4x16xf32>) -> tensor<4x16xf32>
  %s = linalg.matmul ins(%x, %v : tensor<4x8xf32>, tensor<8x16xf32>)
      outs(%bias : tensor<4x16xf32>) -> tensor<4x16xf32>
  return %r, %s : tensor<4x16xf32>, tensor<4x16xf32>
}

// A sum of 24 terms goes in blocks of 8, a tile's three blocks one after
// another. With pack=true, a block of the weights is copied to a place of its
// own.
// CHECK-LABEL: func @deep(
// CHECK:         scf.for
// CHECK:           scf.for
// CHECK:             scf.for %[[K:.+]] = %c0 to %c24 step %c8
// CHECK:               %[[WK:.+]] = tensor.extract_slice %{{.*}}[%[[K]], 0] [8, 4]
// CHECK-NOT:           linalg.copy
// CHECK:               linalg.matmul ins(%{{.*}}, %[[WK]] : tensor<2x8xf32>, tensor<8x4xf32>)
// PACK-LABEL: func @deep(
// PACK:         scf.for
// PACK:           scf.for
// PACK:             scf.for %[[K:.+]] = %c0 to %c24 step %c8
// PACK:               %[[WK:.+]] = tensor.extract_slice %{{.*}}[%[[K]], 0] [8, 4]
// PACK:               %[[PLACE:.+]] = tensor.empty() : tensor<8x4xf32>
// PACK:               %[[PACKED:.+]] = linalg.copy ins(%[[WK]] : tensor<8x4xf32>) outs(%[[PLACE]] :
// PACK:               linalg.matmul ins(%{{.*}}, %[[PACKED]] :
func.func @deep(%x: tensor<4x24xf32>, %w: tensor<24x16xf32>,
                %b: tensor<4x16xf32>) -> tensor<4x16xf32> {
  %r = linalg.matmul ins(%x, %w : tensor<4x24xf32>, tensor<24x16xf32>)
      outs(%b : tensor<4x16xf32>) -> tensor<4x16xf32>
  return %r : tensor<4x16xf32>
}

// Of an unknown number of rows, the last tile is as high as what is left. Its
// strips but the last have a known height; the last is by itself.
// CHECK-LABEL: func @open(
// CHECK:         %[[T:.+]] = tensor.dim
// CHECK:         scf.for {{.*}} to %c16 step %c4
// CHECK:           scf.for %[[I:.+]] = %c0 to %[[T]] step %c2
// CHECK:             %[[HEIGHT:.+]] = affine.min #{{.*}}(%[[I]])[%[[T]]]
// CHECK:             %[[WHOLE:.+]] = affine.apply #{{.*}}()[%[[HEIGHT]]]
// CHECK:             scf.for {{.*}} = %c0 to %[[WHOLE]] step %c2
// CHECK:               linalg.matmul ins({{.*}} : tensor<2x8xf32>, tensor<8x4xf32>)
// CHECK:             scf.for {{.*}} = %[[WHOLE]] to %[[HEIGHT]] step %c2
// CHECK:               linalg.matmul ins({{.*}} : tensor<?x8xf32>, tensor<8x4xf32>)
func.func @open(%x: tensor<?x8xf32>, %w: tensor<8x16xf32>, %b: tensor<?x16xf32>)
    -> tensor<?x16xf32> {
  %r = linalg.matmul ins(%x, %w : tensor<?x8xf32>, tensor<8x16xf32>)
      outs(%b : tensor<?x16xf32>) -> tensor<?x16xf32>
  return %r : tensor<?x16xf32>
}

// A product of one row stays whole: its weights are used once, and read in the
// order in which they lie.
// CHECK-LABEL: func @one_row(
// CHECK-NOT:     scf.for
// CHECK:         linalg.matmul ins({{.*}} : tensor<1x8xf32>, tensor<8x16xf32>)
func.func @one_row(%x: tensor<1x8xf32>, %w: tensor<8x16xf32>,
                   %b: tensor<1x16xf32>) -> tensor<1x16xf32> {
  %r = linalg.matmul ins(%x, %w : tensor<1x8xf32>, tensor<8x16xf32>)
      outs(%b : tensor<1x16xf32>) -> tensor<1x16xf32>
  return %r : tensor<1x16xf32>
}

// Of a batch of products, one after another, 8 rows at a time.
// CHECK-LABEL: func @batch(
// CHECK:         scf.for %[[H:.+]] = %c0 to %c2 step %c1
// CHECK:           scf.for %[[I:.+]] = %c0 to %{{.*}} step %c8
// CHECK:             linalg.batch_matmul ins({{.*}} : tensor<1x?x4xf32>, tensor<1x4x?xf32>)
func.func @batch(%q: tensor<2x?x4xf32>, %k: tensor<2x4x?xf32>,
                 %s: tensor<2x?x?xf32>) -> tensor<2x?x?xf32> {
  %r = linalg.batch_matmul ins(%q, %k : tensor<2x?x4xf32>, tensor<2x4x?xf32>)
      outs(%s : tensor<2x?x?xf32>) -> tensor<2x?x?xf32>
  return %r : tensor<2x?x?xf32>
}

// A matrix times a vector: 8 rows, each in 8 sums side by side, which are added
// up at the end.
// CHECK-LABEL: func @vector(
// CHECK-SAME:      %[[W:[a-z0-9]+]]: tensor<24x16xf32>
// CHECK:         scf.for %[[I:.+]] = %c0 to %c24 step %c8
// CHECK:           tensor.extract_slice %[[W]][%[[I]], 0] [8, 16]
// CHECK:           %[[ZEROS:.+]] = linalg.fill {{.*}} -> tensor<8x8xf32>
// CHECK:           %[[PARTS:.+]] = scf.for %[[K:.+]] = %c0 to %c16 step %c8 iter_args(%{{.*}} = %[[ZEROS]])
// CHECK:             linalg.generic {{.*}}["parallel", "parallel"]
// CHECK:           linalg.reduce ins(%[[PARTS]] : tensor<8x8xf32>) outs({{.*}} : tensor<8xf32>) dimensions = [1]
func.func @vector(%w: tensor<24x16xf32>, %x: tensor<16xf32>, %y: tensor<24xf32>)
    -> tensor<24xf32> {
  %r = linalg.matvec ins(%w, %x: tensor<24x16xf32>, tensor<16xf32>)
      outs(%y : tensor<24xf32>) -> tensor<24xf32>
  return %r : tensor<24xf32>
}

// If the terms may be added in any order, LLVM makes the sums side by side: one
// row is a tile, and its sum stays whole.
// CHECK-LABEL: func @any_order(
// CHECK:         scf.for %[[I:.+]] = %c0 to %c24 step %c1
// CHECK-NOT:     scf.for
// CHECK:           linalg.generic {{.*}}["parallel", "reduction"]} ins({{.*}} : tensor<1x16xf32>, tensor<16xf32>)
// CHECK-NOT:     scf.for
// CHECK:         return
func.func @any_order(%w: tensor<24x16xf32>, %x: tensor<16xf32>,
                     %y: tensor<24xf32>) -> tensor<24xf32> {
  %r = linalg.generic {indexing_maps = [#id, #column, #row],
      iterator_types = ["parallel", "reduction"]}
      ins(%w, %x : tensor<24x16xf32>, tensor<16xf32>)
      outs(%y : tensor<24xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %p = arith.mulf %a, %b : f32
    %t = arith.addf %o, %p fastmath<reassoc> : f32
    linalg.yield %t : f32
  } -> tensor<24xf32>
  return %r : tensor<24xf32>
}

// Operations along rows, one row after another, all that is computed of it:
// its exponentials, which two operations read, their sum, and the quotients.
// The sum asks how many rows there are of the argument, not of the
// exponentials, which exist one row at a time.
// CHECK-LABEL: func @rows(
// CHECK-SAME:      %[[X:[a-z0-9]+]]: tensor<?x8xf32>
// CHECK:         %[[T:.+]] = tensor.dim %[[X]], %c0
// CHECK-NOT:     linalg
// CHECK:         scf.for %[[I:.+]] = %c0 to %[[T]] step %c1
// CHECK:           %[[XI:.+]] = tensor.extract_slice %[[X]][%[[I]], 0] [1, 8]
// CHECK:           %[[EXP:.+]] = linalg.exp ins(%[[XI]] : tensor<1x8xf32>)
// CHECK:           %[[ZERO:.+]] = linalg.fill {{.*}} -> tensor<1xf32>
// CHECK:           %[[SUM:.+]] = linalg.generic {{.*}} ins(%[[EXP]] : tensor<1x8xf32>) outs(%[[ZERO]] :
// CHECK:           linalg.generic {{.*}} ins(%[[EXP]], %[[SUM]] : tensor<1x8xf32>, tensor<1xf32>)
// CHECK-NOT:     linalg.exp
// CHECK:         return
func.func @rows(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %T = tensor.dim %x, %c0 : tensor<?x8xf32>
  %e = tensor.empty(%T) : tensor<?x8xf32>
  %exp = linalg.exp ins(%x : tensor<?x8xf32>) outs(%e : tensor<?x8xf32>)
      -> tensor<?x8xf32>
  %rows = tensor.dim %exp, %c0 : tensor<?x8xf32>
  %s = tensor.empty(%rows) : tensor<?xf32>
  %zeros = linalg.fill ins(%zero : f32) outs(%s : tensor<?xf32>)
      -> tensor<?xf32>
  %sum = linalg.generic {indexing_maps = [#id, #row],
      iterator_types = ["parallel", "reduction"]}
      ins(%exp : tensor<?x8xf32>) outs(%zeros : tensor<?xf32>) {
  ^bb0(%a: f32, %o: f32):
    %t = arith.addf %a, %o : f32
    linalg.yield %t : f32
  } -> tensor<?xf32>
  %r = linalg.generic {indexing_maps = [#id, #row, #id],
      iterator_types = ["parallel", "parallel"]}
      ins(%exp, %sum : tensor<?x8xf32>, tensor<?xf32>)
      outs(%e : tensor<?x8xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %t = arith.divf %a, %b : f32
    linalg.yield %t : f32
  } -> tensor<?x8xf32>
  return %r : tensor<?x8xf32>
}

// What only maps and moves elements stays as it is.
// CHECK-LABEL: func @maps_only(
// CHECK-NOT:     scf.for
// CHECK:         %[[EXP:.+]] = linalg.exp ins({{.*}} : tensor<4x8xf32>)
// CHECK:         linalg.transpose ins(%[[EXP]] : tensor<4x8xf32>)
// CHECK-NOT:     scf.for
// CHECK:         return
func.func @maps_only(%x: tensor<4x8xf32>) -> tensor<8x4xf32> {
  %e = tensor.empty() : tensor<4x8xf32>
  %f = tensor.empty() : tensor<8x4xf32>
  %exp = linalg.exp ins(%x : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>)
      -> tensor<4x8xf32>
  %t = linalg.transpose ins(%exp : tensor<4x8xf32>) outs(%f : tensor<8x4xf32>)
      permutation = [1, 0]
  return %t : tensor<8x4xf32>
}
