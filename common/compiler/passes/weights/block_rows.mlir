// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: gpt2-opt %s --block-rows --canonicalize --cse | FileCheck %s
// RUN: gpt2-opt %s --block-rows=rows=6 --canonicalize --cse \
// RUN:   | FileCheck %s --check-prefix=SIX

// A product of ? rows becomes one of blocks of 8 rows. What comes from outside,
// x and y, is put into room for whole blocks, of which it fills the first rows;
// what goes outside are the first rows of all. The rows' element comes to be
// the first factor, and attributes stay.
// CHECK-DAG:   #[[BLOCKS:.+]] = affine_map<()[s0] -> (s0 ceildiv 8)>
// CHECK-DAG:   #[[ALL:.+]] = affine_map<()[s0] -> ((s0 ceildiv 8) * 8)>
// CHECK-DAG:   #[[OF_W:.+]] = affine_map<(d0, d1, d2, d3) -> (d3, d2)>
// CHECK-DAG:   #[[OF_X:.+]] = affine_map<(d0, d1, d2, d3) -> (d0, d1, d3)>
// CHECK-DAG:   #[[OF_Y:.+]] = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
// CHECK-LABEL: func @product(
// CHECK-SAME:      %[[X:[a-z0-9]+]]: tensor<?x4xf32>, %[[W:[a-z0-9]+]]: tensor<4x5xf32>, %[[Y:[a-z0-9]+]]: tensor<?x5xf32>
// CHECK-DAG:     %[[COUNT:.+]] = tensor.dim %[[Y]], %c0
// CHECK-DAG:     %[[T:.+]] = tensor.dim %[[X]], %c0
// CHECK-DAG:     %[[NUMBER:.+]] = affine.apply #[[BLOCKS]]()[%[[T]]]
// CHECK-DAG:     %[[ROWS:.+]] = affine.apply #[[ALL]]()[%[[T]]]
// CHECK:         %[[ROOM:.+]] = tensor.empty(%[[ROWS]]) : tensor<?x4xf32>
// CHECK:         %[[FILLED:.+]] = tensor.insert_slice %[[X]] into %[[ROOM]][0, 0] [%[[T]], 4]
// CHECK:         %[[XS:.+]] = tensor.expand_shape %[[FILLED]] {{\[\[}}0, 1], [2]] output_shape [%[[NUMBER]], 8, 4]
// CHECK:         %[[YS:.+]] = tensor.expand_shape {{.*}} into tensor<?x8x5xf32>
// CHECK:         %[[R:.+]] = linalg.generic {indexing_maps = [#[[OF_W]], #[[OF_X]], #[[OF_Y]]], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%[[W]], %[[XS]] : {{.*}}) outs(%[[YS]] : tensor<?x8x5xf32>) attrs = {gpt2.blocked, gpt2.op = "linear"}
// CHECK-NEXT:    ^bb0(%[[WEIGHT:.+]]: f32, %[[ELEMENT:.+]]: f32, %{{.+}}: f32):
// CHECK-NEXT:      arith.mulf %[[ELEMENT]], %[[WEIGHT]]
// CHECK:         %[[FLAT:.+]] = tensor.collapse_shape %[[R]] {{\[\[}}0, 1], [2]]
// CHECK:         %[[FIRST:.+]] = tensor.extract_slice %[[FLAT]][0, 0] [%[[COUNT]], 5]
// CHECK:         return %[[FIRST]] : tensor<?x5xf32>

// Blocks of another size.
// SIX-DAG:   affine_map<()[s0] -> (s0 ceildiv 6)>
// SIX-LABEL: func @product(
// SIX:         linalg.generic {{.*}} outs({{.*}} : tensor<?x6x5xf32>)
func.func @product(%x: tensor<?x4xf32>, %w: tensor<4x5xf32>,
                   %y: tensor<?x5xf32>) -> tensor<?x5xf32> {
  %r = linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (k, n)>,
                                        affine_map<(m, n, k) -> (m, k)>,
                                        affine_map<(m, n, k) -> (m, n)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%w, %x : tensor<4x5xf32>, tensor<?x4xf32>)
      outs(%y : tensor<?x5xf32>) attrs = {gpt2.op = "linear"} {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %p = arith.mulf %a, %b : f32
    %s = arith.addf %c, %p : f32
    linalg.yield %s : f32
  } -> tensor<?x5xf32>
  return %r : tensor<?x5xf32>
}

// One operation hands its blocks to the next; a place for new rows is made for
// blocks. Nothing is copied.
// CHECK-LABEL: func @chain(
// CHECK-SAME:      %[[T:[a-z0-9]+]]: index
// CHECK:         %[[NUMBER:.+]] = affine.apply #[[BLOCKS]]()[%[[T]]]
// CHECK:         %[[PLACE:.+]] = tensor.empty(%[[NUMBER]]) : tensor<?x8x4xf32>
// CHECK-NOT:     tensor.insert_slice
// CHECK:         %[[A:.+]] = linalg.fill {gpt2.blocked} {{.*}} outs(%[[PLACE]] : tensor<?x8x4xf32>)
// CHECK-NOT:     tensor.{{collapse_shape|extract_slice|insert_slice|expand_shape}}
// CHECK:         linalg.generic {{.*}} ins(%[[A]] : tensor<?x8x4xf32>) outs(%{{.*}} : tensor<?x8xf32>)
// CHECK-NOT:     tensor.insert_slice
// CHECK:         tensor.extract_slice %{{.*}}[0] [%[[T]]] [1] : tensor<?xf32> to tensor<?xf32>
func.func @chain(%T: index, %v: f32) -> tensor<?xf32> {
  %e = tensor.empty(%T) : tensor<?x4xf32>
  %f = tensor.empty(%T) : tensor<?xf32>
  %a = linalg.fill ins(%v : f32) outs(%e : tensor<?x4xf32>) -> tensor<?x4xf32>
  %b = linalg.generic {indexing_maps = [affine_map<(m, n) -> (m, n)>,
                                        affine_map<(m, n) -> (m)>],
      iterator_types = ["parallel", "reduction"]}
      ins(%a : tensor<?x4xf32>) outs(%f : tensor<?xf32>) {
  ^bb0(%c: f32, %o: f32):
    %d = arith.maximumf %c, %o : f32
    linalg.yield %d : f32
  } -> tensor<?xf32>
  return %b : tensor<?xf32>
}

// A loop carries blocks from iteration to iteration, and the rows are looked at behind
// it.
// CHECK-LABEL: func @loop(
// CHECK-SAME:      %[[X:[a-z0-9]+]]: tensor<?x4xf32>
// CHECK:         %[[T:.+]] = tensor.dim %[[X]]
// CHECK:         %[[XS:.+]] = tensor.expand_shape
// CHECK:         %[[R:.+]] = scf.for {{.*}} iter_args(%[[A:.+]] = %[[XS]]) -> (tensor<?x8x4xf32>) {
// CHECK:           %[[B:.+]] = linalg.generic {{.*}} outs(%[[A]] : tensor<?x8x4xf32>)
// CHECK:           scf.yield %[[B]] : tensor<?x8x4xf32>
// CHECK:         %[[FLAT:.+]] = tensor.collapse_shape %[[R]]
// CHECK:         tensor.extract_slice %[[FLAT]][0, 0] [%[[T]], 4]
// SIX-LABEL: func @loop(
// SIX:         scf.for {{.*}} -> (tensor<?x6x4xf32>) {
func.func @loop(%x: tensor<?x4xf32>, %n: index) -> tensor<?x4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%a = %x)
      -> (tensor<?x4xf32>) {
    %b = linalg.generic {indexing_maps = [affine_map<(m, n) -> (m, n)>],
        iterator_types = ["parallel", "parallel"]}
        outs(%a : tensor<?x4xf32>) {
    ^bb0(%c: f32):
      %d = arith.addf %c, %c : f32
      linalg.yield %d : f32
    } -> tensor<?x4xf32>
    scf.yield %b : tensor<?x4xf32>
  }
  return %r : tensor<?x4xf32>
}

// Rows that depend on others stay: a sum over rows, which would add what is
// behind the last row, and a gather, whose elements come from anywhere.
// CHECK-LABEL: func @depend(
// CHECK-NOT:     gpt2.blocked
// CHECK:         return
func.func @depend(%x: tensor<?x4xf32>, %t: tensor<4xf32>, %y: tensor<?x4xf32>)
    -> (tensor<4xf32>, tensor<?x4xf32>) {
  %r = linalg.generic {indexing_maps = [affine_map<(m, n) -> (m, n)>,
                                        affine_map<(m, n) -> (n)>],
      iterator_types = ["reduction", "parallel"]}
      ins(%x : tensor<?x4xf32>) outs(%t : tensor<4xf32>) {
  ^bb0(%a: f32, %b: f32):
    %s = arith.addf %a, %b : f32
    linalg.yield %s : f32
  } -> tensor<4xf32>
  %g = linalg.generic {indexing_maps = [affine_map<(m, n) -> (m, n)>],
      iterator_types = ["parallel", "parallel"]}
      outs(%y : tensor<?x4xf32>) {
  ^bb0(%a: f32):
    %i = linalg.index 1 : index
    %e = tensor.extract %t[%i] : tensor<4xf32>
    linalg.yield %e : f32
  } -> tensor<?x4xf32>
  return %r, %g : tensor<4xf32>, tensor<?x4xf32>
}

// What has no open number of rows stays, or has another open size beside it;
// and so does a transposition, whose rows are columns of what it reads.
// CHECK-LABEL: func @sizes(
// CHECK-NOT:     gpt2.blocked
// CHECK:         return
func.func @sizes(%x: tensor<4x4xf32>, %y: tensor<?x?xf32>,
                 %z: tensor<?x4xf32>, %w: tensor<4x?xf32>)
    -> (tensor<4x4xf32>, tensor<?x?xf32>, tensor<?x4xf32>) {
  %a = linalg.generic {indexing_maps = [affine_map<(m, n) -> (m, n)>],
      iterator_types = ["parallel", "parallel"]} outs(%x : tensor<4x4xf32>) {
  ^bb0(%c: f32):
    %d = arith.addf %c, %c : f32
    linalg.yield %d : f32
  } -> tensor<4x4xf32>
  %b = linalg.generic {indexing_maps = [affine_map<(m, n) -> (m, n)>],
      iterator_types = ["parallel", "parallel"]} outs(%y : tensor<?x?xf32>) {
  ^bb0(%c: f32):
    %d = arith.addf %c, %c : f32
    linalg.yield %d : f32
  } -> tensor<?x?xf32>
  %e = linalg.generic {indexing_maps = [affine_map<(m, n) -> (n, m)>,
                                        affine_map<(m, n) -> (m, n)>],
      iterator_types = ["parallel", "parallel"]}
      ins(%w : tensor<4x?xf32>) outs(%z : tensor<?x4xf32>) {
  ^bb0(%c: f32, %o: f32):
    linalg.yield %c : f32
  } -> tensor<?x4xf32>
  return %a, %b, %e : tensor<4x4xf32>, tensor<?x?xf32>, tensor<?x4xf32>
}

// What threads compute is cut into parts already.
// CHECK-LABEL: func @in_threads(
// CHECK-NOT:     gpt2.blocked
// CHECK:         return
func.func @in_threads(%x: tensor<?x4xf32>, %n: index) -> tensor<?x4xf32> {
  %r = scf.forall (%i) in (2) shared_outs(%o = %x) -> (tensor<?x4xf32>) {
    %at = affine.apply affine_map<(i)[n] -> (i * n)>(%i)[%n]
    %part = tensor.extract_slice %o[%at, 0] [%n, 4] [1, 1]
        : tensor<?x4xf32> to tensor<?x4xf32>
    %a = linalg.generic {indexing_maps = [affine_map<(m, n) -> (m, n)>],
        iterator_types = ["parallel", "parallel"]}
        outs(%part : tensor<?x4xf32>) {
    ^bb0(%c: f32):
      %d = arith.addf %c, %c : f32
      linalg.yield %d : f32
    } -> tensor<?x4xf32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %a into %o[%at, 0] [%n, 4] [1, 1]
          : tensor<?x4xf32> into tensor<?x4xf32>
    }
  }
  return %r : tensor<?x4xf32>
}
