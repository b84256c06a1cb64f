// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: gpt2-opt %s --split-input-file --pack-panels --canonicalize | FileCheck %s

// A layer's columns are read 8 at a time: three panels of 8 columns, in which
// 16 rows lie one behind another. Who reads an element finds it in its panel:
// column 16 is column 0 of panel 2.
// CHECK-LABEL: func @by_columns(
// CHECK-SAME:      %[[W:[a-z0-9]+]]: tensor<2x3x16x8xf32> {gpt2.matrix}, %[[L:[a-z0-9]+]]: index
// CHECK:         scf.for %[[N:.+]] = %c0 to %c24 step %c8
// CHECK:           scf.for %[[K:.+]] = %c0 to %c16 step %c1
// CHECK:             %[[PANEL:.+]] = affine.apply #{{.+}}(%[[N]])
// CHECK:             %[[COLUMN:.+]] = affine.apply #{{.+}}(%[[N]])
// CHECK:             vector.transfer_read %[[W]][%[[L]], %[[PANEL]], %[[K]], %[[COLUMN]]], %{{.+}} {in_bounds = [true]} : tensor<2x3x16x8xf32>, vector<8xf32>
// CHECK:         tensor.extract %[[W]][%[[L]], %c2, %c1, %c0]

// To be called when the matrix is loaded: a number has 32 bits, one layer of
// the plain matrix is one of the packed, whose rank and sizes follow. It goes
// over the layers that it is given, column by column to its panel.
// CHECK:       memref.global constant @gpt2_packed_0 : memref<9xi64> = dense<[32, 1, 4, 2, 3, 16, 8, -1, -1]>
// CHECK-LABEL: func @prepack_0(
// CHECK-SAME:      %[[TO:[a-z0-9]+]]: memref<?x3x16x8xf32>, %[[FROM:[a-z0-9]+]]: memref<?x16x24xf32>)
// CHECK-SAME:      llvm.emit_c_interface
// CHECK:         scf.for %[[L:.+]] = %c0 to
// CHECK:           scf.for %[[K:.+]] = %c0 to %c16
// CHECK:             scf.for %[[N:.+]] = %c0 to %c24
// CHECK:               %[[E:.+]] = memref.load %[[FROM]][%[[L]], %[[K]], %[[N]]]
// CHECK:               %[[PANEL:.+]] = affine.apply #{{.+}}(%[[N]])
// CHECK:               %[[COLUMN:.+]] = affine.apply #{{.+}}(%[[N]])
// CHECK:               memref.store %[[E]], %[[TO]][%[[L]], %[[PANEL]], %[[K]], %[[COLUMN]]]
func.func @by_columns(%w: tensor<2x16x24xf32> {gpt2.matrix}, %l: index)
    -> (vector<8xf32>, f32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %c16 = arith.constant 16 : index
  %c24 = arith.constant 24 : index
  %zero = arith.constant 0.0 : f32
  %none = arith.constant dense<0.0> : vector<8xf32>
  %sum = scf.for %n = %c0 to %c24 step %c8 iter_args(%a = %none)
      -> (vector<8xf32>) {
    %b = scf.for %k = %c0 to %c16 step %c1 iter_args(%s = %a)
        -> (vector<8xf32>) {
      %v = vector.transfer_read %w[%l, %k, %n], %zero {in_bounds = [true]}
          : tensor<2x16x24xf32>, vector<8xf32>
      %t = arith.addf %s, %v : vector<8xf32>
      scf.yield %t : vector<8xf32>
    }
    scf.yield %b : vector<8xf32>
  }
  %e = tensor.extract %w[%l, %c1, %c16] : tensor<2x16x24xf32>
  return %sum, %e : vector<8xf32>, f32
}

// -----

// Two rows of 8 columns in bf16, for an instruction that adds two products:
// the two elements of a column lie together, and the reader gets the transpose.
// Rows 6 and 7 are pair 3, columns from 8 panel 1. Row 3 is the second of pair
// 1, and column 17 the second of panel 2, so its element is number 1 * 2 + 1.
// CHECK-LABEL: func @in_pairs(
// CHECK-SAME:      %[[W:[a-z0-9]+]]: tensor<2x3x8x16xbf16> {gpt2.matrix}, %[[L:[a-z0-9]+]]: index
// CHECK:         %[[FLAT:.+]] = vector.transfer_read %[[W]][%[[L]], %c1, %c3, %c0]{{.*}}, vector<16xbf16>
// CHECK:         %[[COLUMNS:.+]] = vector.shape_cast %[[FLAT]] : vector<16xbf16> to vector<8x2xbf16>
// CHECK:         vector.transpose %[[COLUMNS]], [1, 0] : vector<8x2xbf16> to vector<2x8xbf16>
// CHECK:         tensor.extract %[[W]][%[[L]], %c2, %c1, %c3]

// What is loaded is f32, and rounded.
// CHECK:       @gpt2_packed_0 : memref<9xi64> = dense<[16, 1, 4, 2, 3, 8, 16, -1, -1]>
// CHECK-LABEL: func @prepack_0(
// CHECK-SAME:      memref<?x3x8x16xbf16>, %{{.+}}: memref<?x16x24xf32>)
// CHECK:         arith.truncf
func.func @in_pairs(%w: tensor<2x16x24xbf16> {gpt2.matrix}, %l: index)
    -> (vector<2x8xbf16>, bf16) {
  %c3 = arith.constant 3 : index
  %c6 = arith.constant 6 : index
  %c8 = arith.constant 8 : index
  %c17 = arith.constant 17 : index
  %zero = arith.constant 0.0 : bf16
  %v = vector.transfer_read %w[%l, %c6, %c8], %zero {in_bounds = [true, true]}
      : tensor<2x16x24xbf16>, vector<2x8xbf16>
  %e = tensor.extract %w[%l, %c3, %c17] : tensor<2x16x24xbf16>
  return %v, %e : vector<2x8xbf16>, bf16
}

// -----

// An embedding of one channel is read along its rows, which are the columns
// here: 257 of them are 9 panels of 32. Those behind the last whole panel are
// a slice, whose dimension of size one stands behind the columns.
// CHECK-LABEL: func @of_one_channel(
// CHECK-SAME:      %[[W:[a-z0-9]+]]: tensor<9x1x32xf32> {gpt2.matrix}
// CHECK-SAME:      %[[N:[a-z0-9]+]]: index
// CHECK:         vector.transfer_read %[[W]][%c1, %c0, %c0]
// CHECK:         %[[REST:.+]] = tensor.extract_slice %[[W]][8, 0, 0] [1, 1, %[[N]]] [1, 1, 1] : tensor<9x1x32xf32> to tensor<?xf32>
// CHECK:         linalg.generic {{.*}} ins(%[[REST]],
// A panel is 32 rows of the plain matrix.
// CHECK:       @gpt2_packed_0 : memref<8xi64> = dense<[32, 32, 3, 9, 1, 32, -1, -1]>
// CHECK:       func.func @prepack_0(%{{.+}}: memref<?x1x32xf32>, %{{.+}}: memref<?x1xf32>)
func.func @of_one_channel(%w: tensor<257x1xf32> {gpt2.matrix}, %x: tensor<f32>,
                          %n: index) -> (vector<32xf32>, tensor<?xf32>) {
  %c0 = arith.constant 0 : index
  %c32 = arith.constant 32 : index
  %zero = arith.constant 0.0 : f32
  %v = vector.transfer_read %w[%c32, %c0], %zero
      {in_bounds = [true], permutation_map = affine_map<(a, b) -> (a)>}
      : tensor<257x1xf32>, vector<32xf32>
  %rest = tensor.extract_slice %w[256, 0] [%n, 1] [1, 1]
      : tensor<257x1xf32> to tensor<?xf32>
  %to = tensor.empty(%n) : tensor<?xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>,
                                        affine_map<(i) -> ()>,
                                        affine_map<(i) -> (i)>],
      iterator_types = ["parallel"]}
      ins(%rest, %x : tensor<?xf32>, tensor<f32>) outs(%to : tensor<?xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %p = arith.mulf %a, %b : f32
    linalg.yield %p : f32
  } -> tensor<?xf32>
  return %v, %y : vector<32xf32>, tensor<?xf32>
}

// -----

// Of two matrices, one is read in vectors. Both entries have the same
// arguments, so both get the packed one, though only one of them reads it so.
// CHECK-LABEL: func @prefill(
// CHECK-SAME:      tensor<4x8xf32> {gpt2.matrix}, %{{.+}}: tensor<3x4x8xf32> {gpt2.matrix}
// CHECK-LABEL: func @decode(
// CHECK-SAME:      tensor<4x8xf32> {gpt2.matrix}, %[[W:[a-z0-9]+]]: tensor<3x4x8xf32> {gpt2.matrix}
// CHECK:         tensor.extract %[[W]][%c2, %c1, %c0]
// CHECK-NOT:   @prepack_0
// CHECK:       @prepack_1
func.func @prefill(%v: tensor<4x8xf32> {gpt2.matrix},
                   %w: tensor<4x24xf32> {gpt2.matrix}) -> vector<8xf32> {
  %c0 = arith.constant 0 : index
  %c8 = arith.constant 8 : index
  %zero = arith.constant 0.0 : f32
  %r = vector.transfer_read %w[%c0, %c8], %zero {in_bounds = [true]}
      : tensor<4x24xf32>, vector<8xf32>
  return %r : vector<8xf32>
}
func.func @decode(%v: tensor<4x8xf32> {gpt2.matrix},
                  %w: tensor<4x24xf32> {gpt2.matrix}) -> f32 {
  %c1 = arith.constant 1 : index
  %c16 = arith.constant 16 : index
  %r = tensor.extract %w[%c1, %c16] : tensor<4x24xf32>
  return %r : f32
}

// -----

// A matrix in eight bits has vectors beside it: they are filled when it is
// loaded, its scales and, where they are, the sums of its columns, even if the
// matrix itself stays where it is. The program says which arguments they are.
// CHECK-LABEL: func @quantized(
// CHECK-SAME:      tensor<4x24xi8> {gpt2.matrix}
// CHECK:       @gpt2_packed_0 : memref<11xi64> = dense<[8, 1, 2, 4, 24, 1, 1, 24, 2, 1, 24]>
// CHECK:       func.func @prepack_0(%[[Q:.+]]: memref<?x24xi8>, %[[SCALES:.+]]: memref<?xf32>, %[[SUMS:.+]]: memref<?xi32>, %[[W:.+]]: memref<?x24xf32>)
// The largest magnitude of a column, of that a 127th, and what it leaves.
// CHECK:         math.absf
// CHECK:         arith.maximumf
// CHECK:         arith.divf
// CHECK:         memref.store %{{.+}}, %[[SCALES]]
// CHECK:         arith.divf
// CHECK:         math.roundeven
// CHECK:         memref.store %{{.+}}, %[[SUMS]]
// CHECK:         %[[BYTE:.+]] = arith.trunci %{{.+}} : i32 to i8
// CHECK:         memref.store %[[BYTE]], %[[Q]]
func.func @quantized(%w: tensor<4x24xi8> {gpt2.matrix},
                     %s: tensor<24xf32> {gpt2.scales = array<i64: 0, 1>},
                     %c: tensor<24xi32> {gpt2.sums = array<i64: 0, 1>},
                     %i: index) -> i8 {
  %r = tensor.extract %w[%i, %i] : tensor<4x24xi8>
  return %r : i8
}

// -----

// A vector at every column lies across two panels: the matrix stays.
// CHECK-LABEL: func @across(
// CHECK-SAME:      tensor<4x24xf32> {gpt2.matrix}
// CHECK-NOT:   prepack_0
func.func @across(%w: tensor<4x24xf32> {gpt2.matrix}, %k: index)
    -> vector<8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c16 = arith.constant 16 : index
  %zero = arith.constant 0.0 : f32
  %none = arith.constant dense<0.0> : vector<8xf32>
  %sum = scf.for %n = %c0 to %c16 step %c1 iter_args(%a = %none)
      -> (vector<8xf32>) {
    %v = vector.transfer_read %w[%k, %n], %zero {in_bounds = [true]}
        : tensor<4x24xf32>, vector<8xf32>
    %t = arith.addf %a, %v : vector<8xf32>
    scf.yield %t : vector<8xf32>
  }
  return %sum : vector<8xf32>
}

// -----

// Two readers want panels of different widths: it stays too.
// CHECK-LABEL: func @two_widths(
// CHECK-SAME:      tensor<4x24xf32> {gpt2.matrix}
// CHECK-NOT:   prepack_0
func.func @two_widths(%w: tensor<4x24xf32> {gpt2.matrix}, %k: index)
    -> (vector<8xf32>, vector<4xf32>) {
  %c8 = arith.constant 8 : index
  %zero = arith.constant 0.0 : f32
  %u = vector.transfer_read %w[%k, %c8], %zero {in_bounds = [true]}
      : tensor<4x24xf32>, vector<8xf32>
  %v = vector.transfer_read %w[%k, %c8], %zero {in_bounds = [true]}
      : tensor<4x24xf32>, vector<4xf32>
  return %u, %v : vector<8xf32>, vector<4xf32>
}

// -----

// So does one that a function is called with, which expects what was there; and
// one that is read without vectors, for which there is no better order.
// CHECK-LABEL: func @called(
// CHECK-SAME:      tensor<4x24xf32> {gpt2.matrix}, %{{.+}}: tensor<4x8xf32> {gpt2.matrix}
// CHECK-NOT:   prepack_
func.func private @other(tensor<4x24xf32>)
func.func @called(%w: tensor<4x24xf32> {gpt2.matrix},
                  %v: tensor<4x8xf32> {gpt2.matrix}, %k: index)
    -> (vector<8xf32>, f32) {
  %c8 = arith.constant 8 : index
  %zero = arith.constant 0.0 : f32
  %u = vector.transfer_read %w[%k, %c8], %zero {in_bounds = [true]}
      : tensor<4x24xf32>, vector<8xf32>
  call @other(%w) : (tensor<4x24xf32>) -> ()
  %e = tensor.extract %v[%k, %k] : tensor<4x8xf32>
  return %u, %e : vector<8xf32>, f32
}
