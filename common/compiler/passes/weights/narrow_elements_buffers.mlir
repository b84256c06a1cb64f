// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: gpt2-opt %s --narrow-elements --split-input-file --verify-diagnostics \
// RUN:   | FileCheck %s
// RUN: sed s/gpt2.matrix/gpt2.cache/ %s > %t
// RUN: gpt2-opt %t --narrow-elements=marked=gpt2.cache --split-input-file \
// RUN:   --verify-diagnostics \
// RUN:   | FileCheck %s --implicit-check-not=gpt2_weight_bits

// A kernel written by hand reads a layer's matrix as a buffer: the buffer is
// narrow, and what is loaded is extended. The bias is not marked, and stays.
// CHECK-LABEL: func @vectors(
// CHECK-SAME:    %{{.+}}: tensor<2x3x4xbf16> {gpt2.{{matrix|cache}}}, %[[BIAS:.+]]: tensor<4xf32>, %[[I:.+]]: index) -> f32
// CHECK:         %[[SLICE:.+]] = tensor.extract_slice {{.*}} : tensor<2x3x4xbf16> to tensor<3x4xbf16>
// CHECK:         %[[M:.+]] = bufferization.to_buffer %[[SLICE]] read_only : tensor<3x4xbf16> to memref<3x4xbf16>
// CHECK:         %[[V:.+]] = vector.load %[[M]][%[[I]], %[[I]]] : memref<3x4xbf16>, vector<4xbf16>
// CHECK:         %[[WIDE:.+]] = arith.extf %[[V]] : vector<4xbf16> to vector<4xf32>
// CHECK:         vector.extract %[[WIDE]][1] : f32
// CHECK:         %[[E:.+]] = tensor.extract %[[SLICE]]
// CHECK:         arith.extf %[[E]] : bf16 to f32
// CHECK:         tensor.extract %[[BIAS]][%[[I]]] : tensor<4xf32>
// CHECK-NOT:     arith.extf
// CHECK:         return
func.func @vectors(%w: tensor<2x3x4xf32> {gpt2.matrix}, %bias: tensor<4xf32>,
                   %i: index) -> f32 {
  %slice = tensor.extract_slice %w[%i, 0, 0] [1, 3, 4] [1, 1, 1]
      : tensor<2x3x4xf32> to tensor<3x4xf32>
  %memory = bufferization.to_buffer %slice read_only
      : tensor<3x4xf32> to memref<3x4xf32>
  %v = vector.load %memory[%i, %i] : memref<3x4xf32>, vector<4xf32>
  %a = vector.extract %v[1] : f32 from vector<4xf32>
  %e = tensor.extract %slice[%i, %i] : tensor<3x4xf32>
  %b = tensor.extract %bias[%i] : tensor<4xf32>
  %ab = arith.addf %a, %b : f32
  %abe = arith.addf %ab, %e : f32
  return %abe : f32
}

// And rounds what it stores.
// CHECK-LABEL: func @store(
// CHECK-SAME:    %[[K:.+]]: tensor<8xbf16> {{{.*}}}, %[[V:.+]]: f32, %[[P:.+]]: index)
// CHECK:         %[[M:.+]] = bufferization.to_buffer %[[K]] read_only : tensor<8xbf16> to memref<8xbf16>
// CHECK:         %[[ROUNDED:.+]] = arith.truncf %[[V]] : f32 to bf16
// CHECK:         memref.store %[[ROUNDED]], %[[M]][%[[P]]] : memref<8xbf16>
func.func @store(%keys: tensor<8xf32> {gpt2.matrix}, %v: f32, %p: index) {
  %memory = bufferization.to_buffer %keys read_only
      : tensor<8xf32> to memref<8xf32>
  memref.store %v, %memory[%p] : memref<8xf32>
  return
}

// So does an operation on the buffer, which yields nothing else than what it
// stores there.
// CHECK-LABEL: func @mapped(
// CHECK:         linalg.generic {{.*}} ins(%{{.+}} : memref<8xf32>) outs(%{{.+}} : memref<8xbf16>)
// CHECK-NEXT:    ^bb0(%[[X:.+]]: f32, %[[K:.+]]: bf16):
// CHECK-NEXT:      %[[WIDE:.+]] = arith.extf %[[K]] : bf16 to f32
// CHECK-NEXT:      %[[SUM:.+]] = arith.addf %[[X]], %[[WIDE]]
// CHECK-NEXT:      %[[ROUNDED:.+]] = arith.truncf %[[SUM]] : f32 to bf16
// CHECK-NEXT:      linalg.yield %[[ROUNDED]] : bf16
func.func @mapped(%keys: tensor<8xf32> {gpt2.matrix}, %x: memref<8xf32>) {
  %memory = bufferization.to_buffer %keys read_only
      : tensor<8xf32> to memref<8xf32>
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>,
                                   affine_map<(i) -> (i)>],
      iterator_types = ["parallel"]}
      ins(%x : memref<8xf32>) outs(%memory : memref<8xf32>) {
  ^bb0(%a: f32, %k: f32):
    %s = arith.addf %a, %k : f32
    linalg.yield %s : f32
  }
  return
}

// A loop carries keys of which it replaces a row: the new row is rounded, and
// what is read of them behind the loop is extended.
// CHECK-LABEL: func @rows(
// CHECK-SAME:    %[[K:.+]]: tensor<8x4xbf16> {{{.*}}}, %[[NEW:.+]]: tensor<4xf32>, %{{.+}}: index) -> (tensor<8x4xbf16>, f32)
// CHECK:         %[[KEPT:.+]] = scf.for {{.*}} iter_args(%[[A:.+]] = %[[K]]) -> (tensor<8x4xbf16>)
// CHECK:           %[[ROW:.+]] = linalg.generic {{.*}} ins(%[[NEW]] : tensor<4xf32>) outs({{.*}} : tensor<4xbf16>)
// CHECK:             arith.truncf %{{.+}} : f32 to bf16
// CHECK:           %[[NEXT:.+]] = tensor.insert_slice %[[ROW]] into %[[A]]
// CHECK:           scf.yield %[[NEXT]] : tensor<8x4xbf16>
// CHECK:         %[[E:.+]] = tensor.extract %[[KEPT]]
// CHECK:         %[[WIDE:.+]] = arith.extf %[[E]] : bf16 to f32
// CHECK:         return %[[KEPT]], %[[WIDE]]
func.func @rows(%keys: tensor<8x4xf32> {gpt2.matrix}, %new: tensor<4xf32>,
                %p: index) -> (tensor<8x4xf32>, f32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %kept = scf.for %i = %c0 to %p step %c1
      iter_args(%k = %keys) -> (tensor<8x4xf32>) {
    %next = tensor.insert_slice %new into %k[%i, 0] [1, 4] [1, 1]
        : tensor<4xf32> into tensor<8x4xf32>
    scf.yield %next : tensor<8x4xf32>
  }
  %e = tensor.extract %kept[%c1, %c0] : tensor<8x4xf32>
  return %kept, %e : tensor<8x4xf32>, f32
}

// An elementwise operation reads a layer's matrix in its body.
// CHECK-LABEL: func @twice(
// CHECK:         linalg.generic {{.*}} ins(%{{.+}} : tensor<3x4xbf16>) outs(%{{.+}} : tensor<3x4xf32>)
// CHECK-NEXT:    ^bb0(%[[IN:.+]]: bf16, %{{.+}}: f32):
// CHECK-NEXT:      %[[WIDE:.+]] = arith.extf %[[IN]] : bf16 to f32
// CHECK-NEXT:      arith.addf %[[WIDE]], %[[WIDE]] : f32
func.func @twice(%w: tensor<2x3x4xf32> {gpt2.matrix}, %i: index)
    -> tensor<3x4xf32> {
  %slice = tensor.extract_slice %w[%i, 0, 0] [1, 3, 4] [1, 1, 1]
      : tensor<2x3x4xf32> to tensor<3x4xf32>
  %empty = tensor.empty() : tensor<3x4xf32>
  %twice = linalg.generic {
      indexing_maps = [affine_map<(i, j) -> (i, j)>,
                       affine_map<(i, j) -> (i, j)>],
      iterator_types = ["parallel", "parallel"]}
      ins(%slice : tensor<3x4xf32>) outs(%empty : tensor<3x4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %s = arith.addf %in, %in : f32
    linalg.yield %s : f32
  } -> tensor<3x4xf32>
  return %twice : tensor<3x4xf32>
}

// -----

// A single element that is inserted into a matrix is no kernel's way.
func.func @insert(%w: tensor<2x3x4xf32> {gpt2.matrix}, %i: index) -> f32 {
  %slice = tensor.extract_slice %w[%i, 0, 0] [1, 3, 4] [1, 1, 1]
      : tensor<2x3x4xf32> to tensor<3x4xf32>
  %zero = arith.constant 0.0 : f32
  // expected-error @below {{narrow-elements knows no way to read or write bf16 here}}
  %copy = tensor.insert %zero into %slice[%i, %i] : tensor<3x4xf32>
  %e = tensor.extract %copy[%i, %i] : tensor<3x4xf32>
  return %e : f32
}
