// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: gpt2-opt %s --fold-vector-accesses --split-input-file | FileCheck %s

// A row of a slice is one of the matrix, at the slice's place. What an access
// says of itself stays: its alignment, and that caches need not keep it.
// CHECK:       #[[ROW_OF:.+]] = affine_map<()[s0, s1] -> (s0 + s1 * 2)>
// CHECK-LABEL: func @slice
// CHECK-SAME:    (%[[W:.+]]: memref<4x6x64xbf16>, %[[I:.+]]: index, %[[J:.+]]: index, %[[V:.+]]: vector<8xbf16>)
// CHECK:         vector.store %[[V]], %[[W]][%[[I]], %[[I]], %[[J]]] {alignment = 16 : i64, nontemporal = true}
// CHECK-SAME:      : memref<4x6x64xbf16>, vector<8xbf16>
// CHECK:         vector.load %[[W]][%[[I]], %[[J]], %[[I]]] {alignment = 16 : i64}
// CHECK-SAME:      : memref<4x6x64xbf16>, vector<8xbf16>
func.func @slice(%w: memref<4x6x64xbf16>, %i: index, %j: index,
                 %v: vector<8xbf16>) -> vector<8xbf16> {
  %view = memref.subview %w[%i, 0, 0] [1, 6, 64] [1, 1, 1]
      : memref<4x6x64xbf16> to memref<6x64xbf16, strided<[64, 1], offset: ?>>
  vector.store %v, %view[%i, %j] {alignment = 16 : i64, nontemporal = true}
      : memref<6x64xbf16, strided<[64, 1], offset: ?>>, vector<8xbf16>
  %u = vector.load %view[%j, %i] {alignment = 16 : i64}
      : memref<6x64xbf16, strided<[64, 1], offset: ?>>, vector<8xbf16>
  return %u : vector<8xbf16>
}

// Of every second row, and of open sizes: the index is computed.
// CHECK-LABEL: func @every_second
// CHECK-SAME:    (%[[W:.+]]: memref<?x64xf32>, %[[N:.+]]: index, %[[I:.+]]: index)
// CHECK:         %[[ROW:.+]] = affine.apply #[[ROW_OF]]()[%[[N]], %[[I]]]
// CHECK:         vector.load %[[W]][%[[ROW]], %[[I]]] : memref<?x64xf32>, vector<8xf32>
func.func @every_second(%w: memref<?x64xf32>, %n: index, %i: index)
    -> vector<8xf32> {
  %view = memref.subview %w[%n, 0] [%n, 64] [2, 1]
      : memref<?x64xf32> to memref<?x64xf32, strided<[128, 1], offset: ?>>
  %u = vector.load %view[%i, %i]
      : memref<?x64xf32, strided<[128, 1], offset: ?>>, vector<8xf32>
  return %u : vector<8xf32>
}

// A whole tile is one of the matrix too, where its rows follow each other.
// CHECK-LABEL: func @tile
// CHECK-SAME:    (%[[W:.+]]: memref<4x6x64xbf16>, %[[I:.+]]: index)
// CHECK:         vector.load %[[W]][%[[I]], %[[I]], %[[I]]] : memref<4x6x64xbf16>, vector<2x8xbf16>
func.func @tile(%w: memref<4x6x64xbf16>, %i: index) -> vector<2x8xbf16> {
  %view = memref.subview %w[%i, 0, 0] [1, 6, 64] [1, 1, 1]
      : memref<4x6x64xbf16> to memref<6x64xbf16, strided<[64, 1], offset: ?>>
  %u = vector.load %view[%i, %i]
      : memref<6x64xbf16, strided<[64, 1], offset: ?>>, vector<2x8xbf16>
  return %u : vector<2x8xbf16>
}

// Rows of all heads in one: row %j is of head %j / 6.
// CHECK-LABEL: func @collapsed
// CHECK-SAME:    (%[[W:.+]]: memref<4x6x64xbf16>, %[[I:.+]]: index, %[[J:.+]]: index)
// CHECK:         %[[ROW:.+]]:2 = affine.delinearize_index %[[J]] into (4, 6)
// CHECK:         vector.load %[[W]][%[[ROW]]#0, %[[ROW]]#1, %[[I]]] {alignment = 16 : i64}
func.func @collapsed(%w: memref<4x6x64xbf16>, %i: index, %j: index)
    -> vector<8xbf16> {
  %view = memref.collapse_shape %w [[0, 1], [2]]
      : memref<4x6x64xbf16> into memref<24x64xbf16>
  %u = vector.load %view[%j, %i] {alignment = 16 : i64}
      : memref<24x64xbf16>, vector<8xbf16>
  return %u : vector<8xbf16>
}

// Columns in two blocks: those of block %i begin at column 32 %i.
// CHECK-LABEL: func @expanded
// CHECK-SAME:    (%[[W:.+]]: memref<4x64xf32>, %[[I:.+]]: index, %[[J:.+]]: index)
// CHECK:         %[[COLUMN:.+]] = affine.linearize_index disjoint [%[[I]], %[[J]]] by (2, 32)
// CHECK:         vector.load %[[W]][%[[I]], %[[COLUMN]]] {alignment = 32 : i64}
func.func @expanded(%w: memref<4x64xf32>, %i: index, %j: index)
    -> vector<8xf32> {
  %view = memref.expand_shape %w [[0], [1, 2]] output_shape [4, 2, 32]
      : memref<4x64xf32> into memref<4x2x32xf32>
  %v = vector.load %view[%i, %i, %j] {alignment = 32 : i64}
      : memref<4x2x32xf32>, vector<8xf32>
  return %v : vector<8xf32>
}

// A view of a view: both are seen through.
// CHECK-LABEL: func @both
// CHECK-SAME:    (%[[W:.+]]: memref<4x6x64xf32>, %[[V:.+]]: vector<8xf32>, %[[I:.+]]: index)
// CHECK:         %[[ROW:.+]]:2 = affine.delinearize_index
// CHECK:         vector.store %[[V]], %[[W]][%[[ROW]]#0, %[[ROW]]#1, %[[I]]]
func.func @both(%w: memref<4x6x64xf32>, %v: vector<8xf32>, %i: index) {
  %rows = memref.collapse_shape %w [[0, 1], [2]]
      : memref<4x6x64xf32> into memref<24x64xf32>
  %view = memref.subview %rows[%i, 0] [2, 64] [1, 1]
      : memref<24x64xf32> to memref<2x64xf32, strided<[64, 1], offset: ?>>
  vector.store %v, %view[%i, %i]
      : memref<2x64xf32, strided<[64, 1], offset: ?>>, vector<8xf32>
  return
}

// -----

// A tile's rows in the view are no neighbours in the matrix: between them is
// the dimension that the view has not,
// CHECK-LABEL: func @tile_across
// CHECK:         %[[VIEW:.+]] = memref.subview
// CHECK:         vector.load %[[VIEW]]
func.func @tile_across(%w: memref<4x6x64xbf16>, %i: index) -> vector<2x8xbf16> {
  %view = memref.subview %w[0, %i, 0] [4, 1, 64] [1, 1, 1]
      : memref<4x6x64xbf16> to memref<4x64xbf16, strided<[384, 1], offset: ?>>
  %u = vector.load %view[%i, %i]
      : memref<4x64xbf16, strided<[384, 1], offset: ?>>, vector<2x8xbf16>
  return %u : vector<2x8xbf16>
}

// or every second row,
// CHECK-LABEL: func @tile_of_every_second
// CHECK:         %[[VIEW:.+]] = memref.subview
// CHECK:         vector.load %[[VIEW]]
func.func @tile_of_every_second(%w: memref<4x6x64xbf16>, %i: index)
    -> vector<2x8xbf16> {
  %view = memref.subview %w[0, 0, 0] [1, 3, 64] [1, 2, 1]
      : memref<4x6x64xbf16> to memref<3x64xbf16, strided<[128, 1]>>
  %u = vector.load %view[%i, %i]
      : memref<3x64xbf16, strided<[128, 1]>>, vector<2x8xbf16>
  return %u : vector<2x8xbf16>
}

// or the end of a head.
// CHECK-LABEL: func @tile_of_two_heads
// CHECK:         %[[VIEW:.+]] = memref.collapse_shape
// CHECK:         vector.load %[[VIEW]]
func.func @tile_of_two_heads(%w: memref<4x6x64xbf16>, %i: index)
    -> vector<2x8xbf16> {
  %view = memref.collapse_shape %w [[0, 1], [2]]
      : memref<4x6x64xbf16> into memref<24x64xbf16>
  %u = vector.load %view[%i, %i] : memref<24x64xbf16>, vector<2x8xbf16>
  return %u : vector<2x8xbf16>
}

// Memory with gaps: elements that are neighbours in the view need not be there.
// CHECK-LABEL: func @gaps
// CHECK:         %[[VIEW:.+]] = memref.expand_shape
// CHECK:         vector.load %[[VIEW]]
func.func @gaps(%w: memref<4x64xf32, strided<[128, 1]>>, %i: index)
    -> vector<8xf32> {
  %view = memref.expand_shape %w [[0], [1, 2]] output_shape [4, 2, 32]
      : memref<4x64xf32, strided<[128, 1]>>
      into memref<4x2x32xf32, strided<[128, 32, 1]>>
  %v = vector.load %view[%i, %i, %i]
      : memref<4x2x32xf32, strided<[128, 32, 1]>>, vector<8xf32>
  return %v : vector<8xf32>
}

// What reads no vector is fold-memref-alias-ops' to fold.
// CHECK-LABEL: func @element
// CHECK:         %[[VIEW:.+]] = memref.subview
// CHECK:         memref.load %[[VIEW]]
func.func @element(%w: memref<4x64xf32>, %i: index) -> f32 {
  %view = memref.subview %w[%i, 0] [1, 64] [1, 1]
      : memref<4x64xf32> to memref<64xf32, strided<[1], offset: ?>>
  %v = memref.load %view[%i] : memref<64xf32, strided<[1], offset: ?>>
  return %v : f32
}

// Without a view, nothing changes.
// CHECK-LABEL: func @no_view
// CHECK-SAME:    (%[[W:.+]]: memref<4x64xf32>, %[[I:.+]]: index)
// CHECK-NEXT:    vector.load %[[W]][%[[I]], %[[I]]] {alignment = 16 : i64}
func.func @no_view(%w: memref<4x64xf32>, %i: index) -> vector<4xf32> {
  %v = vector.load %w[%i, %i] {alignment = 16 : i64}
      : memref<4x64xf32>, vector<4xf32>
  return %v : vector<4xf32>
}
