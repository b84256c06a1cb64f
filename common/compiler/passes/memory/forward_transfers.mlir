// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: gpt2-opt %s --forward-transfers | FileCheck %s

// What was just written is taken from its register, not from memory.
// CHECK-LABEL: func @read_back
// CHECK-SAME:    (%[[M:.+]]: memref<?x16xf32>, %[[V:.+]]: vector<4xf32>, %[[I:.+]]: index)
// CHECK:         vector.transfer_write %[[V]], %[[M]][%[[I]], %[[I]]]
// CHECK-NOT:     vector.transfer_read
// CHECK:         return %[[V]]
func.func @read_back(%m: memref<?x16xf32>, %v: vector<4xf32>, %i: index)
    -> vector<4xf32> {
  %pad = arith.constant 0.0 : f32
  vector.transfer_write %v, %m[%i, %i] {in_bounds = [true]}
      : vector<4xf32>, memref<?x16xf32>
  %r = vector.transfer_read %m[%i, %i], %pad {in_bounds = [true]}
      : memref<?x16xf32>, vector<4xf32>
  return %r : vector<4xf32>
}

// A write that the next one covers is none, and the read takes the second.
// CHECK-LABEL: func @write_twice
// CHECK-SAME:    (%[[M:.+]]: memref<16xf32>, %[[V:[a-z0-9]+]]: vector<4xf32>, %[[W:[a-z0-9]+]]: vector<4xf32>)
// CHECK-NOT:     %[[V]]
// CHECK:         vector.transfer_write %[[W]], %[[M]]
// CHECK-NOT:     %[[V]]
// CHECK:         return %[[W]]
func.func @write_twice(%m: memref<16xf32>, %v: vector<4xf32>, %w: vector<4xf32>)
    -> vector<4xf32> {
  %c0 = arith.constant 0 : index
  %pad = arith.constant 0.0 : f32
  vector.transfer_write %v, %m[%c0] {in_bounds = [true]}
      : vector<4xf32>, memref<16xf32>
  vector.transfer_write %w, %m[%c0] {in_bounds = [true]}
      : vector<4xf32>, memref<16xf32>
  %r = vector.transfer_read %m[%c0], %pad {in_bounds = [true]}
      : memref<16xf32>, vector<4xf32>
  return %r : vector<4xf32>
}

// Elements 4 to 7 are written in between; the read is of 0 to 3.
// CHECK-LABEL: func @apart
// CHECK-SAME:    (%{{.+}}: memref<16xf32>, %[[V:[a-z0-9]+]]: vector<4xf32>, %[[W:[a-z0-9]+]]: vector<4xf32>)
// CHECK:         vector.transfer_write %[[V]]
// CHECK:         vector.transfer_write %[[W]]
// CHECK-NOT:     vector.transfer_read
// CHECK:         return %[[V]]
func.func @apart(%m: memref<16xf32>, %v: vector<4xf32>, %w: vector<4xf32>)
    -> vector<4xf32> {
  %c0 = arith.constant 0 : index
  %c4 = arith.constant 4 : index
  %pad = arith.constant 0.0 : f32
  vector.transfer_write %v, %m[%c0] {in_bounds = [true]}
      : vector<4xf32>, memref<16xf32>
  vector.transfer_write %w, %m[%c4] {in_bounds = [true]}
      : vector<4xf32>, memref<16xf32>
  %r = vector.transfer_read %m[%c0], %pad {in_bounds = [true]}
      : memref<16xf32>, vector<4xf32>
  return %r : vector<4xf32>
}

// The second write begins two elements on: both are needed, and the read has
// a part of each.
// CHECK-LABEL: func @overlap
// CHECK-COUNT-2: vector.transfer_write
// CHECK:         %[[R:.+]] = vector.transfer_read
// CHECK:         return %[[R]]
func.func @overlap(%m: memref<16xf32>, %v: vector<4xf32>, %w: vector<4xf32>)
    -> vector<4xf32> {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %pad = arith.constant 0.0 : f32
  vector.transfer_write %v, %m[%c0] {in_bounds = [true]}
      : vector<4xf32>, memref<16xf32>
  vector.transfer_write %w, %m[%c2] {in_bounds = [true]}
      : vector<4xf32>, memref<16xf32>
  %r = vector.transfer_read %m[%c0], %pad {in_bounds = [true]}
      : memref<16xf32>, vector<4xf32>
  return %r : vector<4xf32>
}

// What might be written elsewhere is read again: %i and %j may be neighbours.
// CHECK-LABEL: func @unknown_places
// CHECK-COUNT-2: vector.transfer_write
// CHECK:         %[[R:.+]] = vector.transfer_read
// CHECK:         return %[[R]]
func.func @unknown_places(%m: memref<16xf32>, %v: vector<4xf32>, %i: index,
                          %j: index) -> vector<4xf32> {
  %pad = arith.constant 0.0 : f32
  vector.transfer_write %v, %m[%i] {in_bounds = [true]}
      : vector<4xf32>, memref<16xf32>
  vector.transfer_write %v, %m[%j] {in_bounds = [true]}
      : vector<4xf32>, memref<16xf32>
  %r = vector.transfer_read %m[%i], %pad {in_bounds = [true]}
      : memref<16xf32>, vector<4xf32>
  return %r : vector<4xf32>
}

// At the matrix' edge a write leaves elements out, which a read would fill.
// CHECK-LABEL: func @edge
// CHECK:         vector.transfer_write
// CHECK:         %[[R:.+]] = vector.transfer_read
// CHECK:         return %[[R]]
func.func @edge(%m: memref<?xf32>, %v: vector<4xf32>, %i: index)
    -> vector<4xf32> {
  %pad = arith.constant 0.0 : f32
  vector.transfer_write %v, %m[%i] : vector<4xf32>, memref<?xf32>
  %r = vector.transfer_read %m[%i], %pad : memref<?xf32>, vector<4xf32>
  return %r : vector<4xf32>
}

// A write in a branch may not happen: the read behind it stays.
// CHECK-LABEL: func @branch
// CHECK:         scf.if
// CHECK:           vector.transfer_write
// CHECK:         %[[R:.+]] = vector.transfer_read
// CHECK:         return %[[R]]
func.func @branch(%m: memref<16xf32>, %v: vector<4xf32>, %c: i1)
    -> vector<4xf32> {
  %c0 = arith.constant 0 : index
  %pad = arith.constant 0.0 : f32
  scf.if %c {
    vector.transfer_write %v, %m[%c0] {in_bounds = [true]}
        : vector<4xf32>, memref<16xf32>
  }
  %r = vector.transfer_read %m[%c0], %pad {in_bounds = [true]}
      : memref<16xf32>, vector<4xf32>
  return %r : vector<4xf32>
}
