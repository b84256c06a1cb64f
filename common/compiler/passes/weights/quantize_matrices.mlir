// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: gpt2-opt %s --split-input-file --verify-diagnostics --quantize-matrices \
// RUN:   | FileCheck %s
// RUN: gpt2-opt %s --split-input-file --verify-diagnostics \
// RUN:     --quantize-matrices=depth=4 | FileCheck %s --check-prefix=DOTS

// A matrix is i8. Its scales, one for each column of each layer, are a new
// argument behind the others, which says of what it is: dimension 2 of argument
// 0. The product is of x and integers, and starts at zero; what it is added to
// comes behind the scale. The last operation is the kernel's result now.
// CHECK-LABEL: func @rows(
// CHECK-SAME:      %[[Q:[a-z0-9]+]]: tensor<2x16x24xi8> {gpt2.matrix}, %[[L:[a-z0-9]+]]: index, %[[X:[a-z0-9]+]]: tensor<?x16xf32>, %[[Y:[a-z0-9]+]]: tensor<?x24xf32>, %[[SCALES:[a-z0-9]+]]: tensor<2x24xf32> {gpt2.scales = array<i64: 0, 2>})
// CHECK-NOT:     gpt2.sums
// CHECK:         %[[LAYER:.+]] = tensor.extract_slice %[[Q]]{{.*}} to tensor<16x24xi8>
// CHECK:         %[[ZEROS:.+]] = linalg.fill {gpt2.op = "quantized.zeros"}
// CHECK:         %[[SUM:.+]] = linalg.generic {{.*}} ins(%[[X]], %[[LAYER]] : {{.*}}) outs(%[[ZEROS]] : tensor<?x24xf32>) attrs = {gpt2.op = "quantized.product"}
// CHECK-NEXT:    ^bb0(%[[A:.+]]: f32, %[[B:.+]]: i8, %[[C:.+]]: f32):
// CHECK-NEXT:      %[[WIDE:.+]] = arith.sitofp %[[B]] : i8 to f32
// CHECK-NEXT:      %[[P:.+]] = arith.mulf %[[A]], %[[WIDE]]
// CHECK-NEXT:      arith.addf %[[C]], %[[P]]
// CHECK:         %[[S:.+]] = tensor.extract_slice %[[SCALES]][%[[L]], 0] [1, 24]
// CHECK:         linalg.generic {{.*}} ins(%[[SUM]], %[[Y]], %[[S]] : {{.*}} attrs = {gpt2.op = "scaled", gpt2.result}
// CHECK-NEXT:    ^bb0(%[[SUMS:.+]]: f32, %[[BIAS:.+]]: f32, %[[SCALE:.+]]: f32, %{{.+}}: f32):
// CHECK-NEXT:      %[[REAL:.+]] = arith.mulf %[[SUMS]], %[[SCALE]]
// CHECK-NEXT:      arith.addf %[[BIAS]], %[[REAL]]

// For an instruction that adds four products of u8 and s8, x becomes u8 too:
// the largest magnitude of each row, by the bits of floats, scales it to 127,
// and 128 makes it unsigned. The product is of integers, and exact. What the
// 128 add is taken out with the sums of columns, an argument as well.
// DOTS-LABEL: func @rows(
// DOTS-SAME:      %[[X:[a-z0-9]+]]: tensor<?x16xf32>, %[[Y:[a-z0-9]+]]: tensor<?x24xf32>, %{{[a-z0-9]+}}: tensor<2x24xf32> {gpt2.scales = array<i64: 0, 2>}, %[[COLUMNS:[a-z0-9]+]]: tensor<2x24xi32> {gpt2.sums = array<i64: 0, 2>})
// DOTS:         %[[LARGEST:.+]] = linalg.generic {{.*}} ins(%[[X]] : tensor<?x16xf32>) {{.*}} attrs = {gpt2.op = "quantized.largest", gpt2.result}
// DOTS:           math.absf
// DOTS:           arith.maxui
// DOTS:         %[[INVERSE:.+]] = linalg.generic {{.*}} ins(%[[LARGEST]] : tensor<?xi32>) {{.*}} attrs = {gpt2.op = "quantized.inverse"}
// DOTS:           arith.divf %{{.*}}
// DOTS:         %[[U:.+]] = linalg.generic {{.*}} ins(%[[X]], %[[INVERSE]] : {{.*}} attrs = {gpt2.op = "quantized", gpt2.result}
// DOTS:           math.roundeven
// DOTS:           arith.trunci %{{.*}} : i32 to i8
// DOTS:         %[[SUM:.+]] = linalg.generic {{.*}} ins(%[[U]], %{{.*}} : tensor<?x16xi8>, tensor<16x24xi8>) {{.*}} attrs = {gpt2.op = "quantized.product"}
// DOTS-NEXT:    ^bb0(%[[A:.+]]: i8, %[[B:.+]]: i8, %[[C:.+]]: i32):
// DOTS-DAG:       %[[UNSIGNED:.+]] = arith.extui %[[A]] : i8 to i32
// DOTS-DAG:       %[[SIGNED:.+]] = arith.extsi %[[B]] : i8 to i32
// DOTS:           %[[P:.+]] = arith.muli %[[UNSIGNED]], %[[SIGNED]]
// DOTS:           arith.addi %[[C]], %[[P]]
// DOTS:         %[[OF_COLUMNS:.+]] = tensor.extract_slice %[[COLUMNS]]
// DOTS:         linalg.generic {{.*}} ins(%[[SUM]], %[[Y]], %{{.+}}, %[[OF_COLUMNS]], %[[LARGEST]] : {{.*}} attrs = {gpt2.op = "scaled", gpt2.result}
// DOTS:           %[[EXCESS:.+]] = arith.muli %{{.+}}, %c128_i32
// DOTS:           arith.subi %{{.+}}, %[[EXCESS]]
func.func @rows(%w: tensor<2x16x24xf32> {gpt2.matrix}, %l: index,
                %x: tensor<?x16xf32>, %y: tensor<?x24xf32>)
    -> tensor<?x24xf32> {
  %m = tensor.extract_slice %w[%l, 0, 0] [1, 16, 24] [1, 1, 1]
      : tensor<2x16x24xf32> to tensor<16x24xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(t, n, k) -> (t, k)>,
                                        affine_map<(t, n, k) -> (k, n)>,
                                        affine_map<(t, n, k) -> (t, n)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %m : tensor<?x16xf32>, tensor<16x24xf32>)
      outs(%y : tensor<?x24xf32>) attrs = {gpt2.op = "linear", gpt2.result} {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %p = arith.mulf %a, %b : f32
    %s = arith.addf %c, %p : f32
    linalg.yield %s : f32
  } -> tensor<?x24xf32>
  return %r : tensor<?x24xf32>
}

// -----

// An embedding is read row by row: a row, the weights of one result, has a
// scale, and the other factor stays f32, whatever instruction there is. The
// embedding of a token is an element times its row's scale. A kernel for one
// token keeps that in its name.
// CHECK-LABEL: func @embedding(
// CHECK-SAME:      %[[Q:[a-z0-9]+]]: tensor<24x16xi8> {gpt2.matrix}, %[[I:[a-z0-9]+]]: index, %[[J:[a-z0-9]+]]: index
// CHECK-SAME:      %[[SCALES:[a-z0-9]+]]: tensor<24xf32> {gpt2.scales = array<i64: 0, 0>})
// CHECK:         linalg.generic {{.*}} ins(%[[Q]], %{{.*}} : tensor<24x16xi8>, tensor<16xf32>)
// CHECK:         linalg.generic {{.*}} attrs = {gpt2.op = "scaled.of_one", gpt2.result}
// CHECK:         %[[E:.+]] = tensor.extract %[[Q]][%[[I]], %[[J]]]
// CHECK:         %[[S:.+]] = tensor.extract %[[SCALES]][%[[I]]]
// CHECK:         %[[WIDE:.+]] = arith.sitofp %[[E]] : i8 to f32
// CHECK:         %[[R:.+]] = arith.mulf %[[WIDE]], %[[S]]
// CHECK:         return %{{.*}}, %[[R]]
// DOTS-LABEL: func @embedding(
// DOTS-NOT:     gpt2.sums
// DOTS:         linalg.generic {{.*}} ins({{.*}} : tensor<24x16xi8>, tensor<16xf32>)
// DOTS:         return
func.func @embedding(%w: tensor<24x16xf32> {gpt2.matrix}, %i: index, %j: index,
                     %x: tensor<16xf32>, %y: tensor<24xf32>)
    -> (tensor<24xf32>, f32) {
  %r = linalg.generic {indexing_maps = [affine_map<(n, k) -> (n, k)>,
                                        affine_map<(n, k) -> (k)>,
                                        affine_map<(n, k) -> (n)>],
      iterator_types = ["parallel", "reduction"]}
      ins(%w, %x : tensor<24x16xf32>, tensor<16xf32>)
      outs(%y : tensor<24xf32>)
      attrs = {gpt2.op = "linear.of_one", gpt2.result} {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %p = arith.mulf %a, %b : f32
    %s = arith.addf %c, %p : f32
    linalg.yield %s : f32
  } -> tensor<24xf32>
  %e = tensor.extract %w[%i, %j] : tensor<24x16xf32>
  return %r, %e : tensor<24xf32>, f32
}

// -----

// Two matrices: their vectors follow in their order, scales and sums of the
// first, then scales of the second. It has no sums: six terms are no multiple
// of four, and what is multiplied by it stays f32.
// DOTS-LABEL: func @two(
// DOTS-SAME:      tensor<8x6xi8> {gpt2.matrix}
// DOTS-SAME:      tensor<6x8xi8> {gpt2.matrix}
// DOTS-SAME:      tensor<6xf32> {gpt2.scales = array<i64: 0, 1>}, %{{[a-z0-9]+}}: tensor<6xi32> {gpt2.sums = array<i64: 0, 1>}, %{{[a-z0-9]+}}: tensor<8xf32> {gpt2.scales = array<i64: 3, 1>}) ->
// DOTS:         linalg.generic {{.*}} ins({{.*}} : tensor<?x8xi8>, tensor<8x6xi8>)
// DOTS:         linalg.generic {{.*}} ins({{.*}} : tensor<?x6xf32>, tensor<6x8xi8>)
func.func @two(%v: tensor<8x6xf32> {gpt2.matrix}, %x: tensor<?x8xf32>,
               %y: tensor<?x6xf32>, %w: tensor<6x8xf32> {gpt2.matrix},
               %z: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %r = linalg.generic {indexing_maps = [affine_map<(t, n, k) -> (t, k)>,
                                        affine_map<(t, n, k) -> (k, n)>,
                                        affine_map<(t, n, k) -> (t, n)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %v : tensor<?x8xf32>, tensor<8x6xf32>)
      outs(%y : tensor<?x6xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %p = arith.mulf %a, %b : f32
    %s = arith.addf %c, %p : f32
    linalg.yield %s : f32
  } -> tensor<?x6xf32>
  %q = linalg.generic {indexing_maps = [affine_map<(t, n, k) -> (t, k)>,
                                        affine_map<(t, n, k) -> (k, n)>,
                                        affine_map<(t, n, k) -> (t, n)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%r, %w : tensor<?x6xf32>, tensor<6x8xf32>)
      outs(%z : tensor<?x8xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %p = arith.mulf %a, %b : f32
    %s = arith.addf %c, %p : f32
    linalg.yield %s : f32
  } -> tensor<?x8xf32>
  return %q : tensor<?x8xf32>
}

// -----

// A matrix that no product reads stays as it is, and so does a product of what
// is no matrix of weights, as that of queries and keys.
// CHECK-LABEL: func @others(
// CHECK-SAME:      tensor<24x16xf32> {gpt2.matrix}, %{{[a-z0-9]+}}: index, %{{[a-z0-9]+}}: tensor<?x8xf32>, %{{[a-z0-9]+}}: tensor<?x8xf32>, %{{[a-z0-9]+}}: tensor<?x?xf32>) ->
// CHECK-NOT:     i8
// CHECK:         return
func.func @others(%w: tensor<24x16xf32> {gpt2.matrix}, %i: index,
                  %q: tensor<?x8xf32>, %k: tensor<?x8xf32>,
                  %y: tensor<?x?xf32>) -> (f32, tensor<?x?xf32>) {
  %e = tensor.extract %w[%i, %i] : tensor<24x16xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(t, n, k) -> (t, k)>,
                                        affine_map<(t, n, k) -> (n, k)>,
                                        affine_map<(t, n, k) -> (t, n)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%q, %k : tensor<?x8xf32>, tensor<?x8xf32>)
      outs(%y : tensor<?x?xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %p = arith.mulf %a, %b : f32
    %s = arith.addf %c, %p : f32
    linalg.yield %s : f32
  } -> tensor<?x?xf32>
  return %e, %r : f32, tensor<?x?xf32>
}

// -----

// A matrix that somebody else reads, too, and not by elements: what it would
// do with i8 is not known.
func.func private @other(tensor<8x6xf32>)
func.func @called(%w: tensor<8x6xf32> {gpt2.matrix}, %x: tensor<?x8xf32>,
                  %y: tensor<?x6xf32>) -> tensor<?x6xf32> {
  // expected-error@+1 {{quantize-matrices knows no way to read i8 here}}
  call @other(%w) : (tensor<8x6xf32>) -> ()
  %r = linalg.generic {indexing_maps = [affine_map<(t, n, k) -> (t, k)>,
                                        affine_map<(t, n, k) -> (k, n)>,
                                        affine_map<(t, n, k) -> (t, n)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<?x8xf32>, tensor<8x6xf32>)
      outs(%y : tensor<?x6xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %p = arith.mulf %a, %b : f32
    %s = arith.addf %c, %p : f32
    linalg.yield %s : f32
  } -> tensor<?x6xf32>
  return %r : tensor<?x6xf32>
}
