// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: gpt2-opt %s --prefetch-panels | FileCheck %s

// A panel's 6 rows of 32 floats, two lines of 64 bytes each, are read again by
// each iteration of %i. An iteration of %k asks for the same row of the next panel, or,
// behind the last of 5 panels, of that again.
// CHECK:       #[[NEXT:[a-z0-9]+]] = affine_map<()[s0] -> (s0 + 1, 4)>
// CHECK:       #[[LAST_OF_9:[a-z0-9]+]] = affine_map<()[s0] -> (s0 + 1, 8)>
// CHECK-LABEL: func @panel(
// CHECK-SAME:      %[[W:[a-z0-9]+]]: memref<3x5x6x32xf32>, %[[L:[a-z0-9]+]]: index, %[[PANEL:[a-z0-9]+]]: index
// CHECK:         %[[P:.+]] = affine.min #[[NEXT]]()[%[[PANEL]]]
// CHECK:         %[[FIRST:.+]] = arith.constant 0 : index
// CHECK:         %[[SECOND:.+]] = arith.constant 16 : index
// CHECK:         scf.for
// CHECK:           scf.for %[[K:.+]] = %c0 to
// CHECK:             memref.prefetch %[[W]][%[[L]], %[[P]], %[[K]], %[[FIRST]]], read, locality<2>, data
// CHECK-NEXT:        memref.prefetch %[[W]][%[[L]], %[[P]], %[[K]], %[[SECOND]]], read, locality<2>, data
// CHECK-NEXT:        vector.load %[[W]][%[[L]], %[[PANEL]], %[[K]], %c0]
// CHECK-NOT:     memref.prefetch
// CHECK:         return
func.func @panel(%w: memref<3x5x6x32xf32>, %l: index, %panel: index, %n: index,
                 %zero: vector<32xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c6 = arith.constant 6 : index
  scf.for %i = %c0 to %n step %c1 {
    %s = scf.for %k = %c0 to %c6 step %c1 iter_args(%a = %zero)
        -> vector<32xf32> {
      %row = vector.load %w[%l, %panel, %k, %c0]
          : memref<3x5x6x32xf32>, vector<32xf32>
      %next = arith.addf %a, %row : vector<32xf32>
      scf.yield %next : vector<32xf32>
    }
  }
  return
}

// Two matrices at once, without layers: each its own next panel. A row of 8
// bytes is asked for as well, by the line that it is in.
// CHECK-LABEL: func @two(
// CHECK-SAME:      %[[W:[a-z0-9]+]]: memref<5x6x16xbf16>, %[[V:[a-z0-9]+]]: memref<9x6x8xi8>
// CHECK:         %[[P:.+]] = affine.min #[[NEXT]]()
// CHECK:         %[[Q:.+]] = affine.min #[[LAST_OF_9]]()
// CHECK:         scf.for
// CHECK:           scf.for %[[K:.+]] = %c0 to
// CHECK:             memref.prefetch %[[W]][%[[P]], %[[K]], %
// CHECK-NEXT:        vector.load %[[W]]
// CHECK:             memref.prefetch %[[V]][%[[Q]], %[[K]], %
// CHECK-NEXT:        vector.load %[[V]]
func.func @two(%w: memref<5x6x16xbf16>, %v: memref<9x6x8xi8>, %panel: index,
               %n: index, %zero: vector<16xbf16>, %none: vector<8xi8>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c6 = arith.constant 6 : index
  scf.for %i = %c0 to %n step %c1 {
    %s:2 = scf.for %k = %c0 to %c6 step %c1 iter_args(%a = %zero, %b = %none)
        -> (vector<16xbf16>, vector<8xi8>) {
      %x = vector.load %w[%panel, %k, %c0]
          : memref<5x6x16xbf16>, vector<16xbf16>
      %y = vector.load %v[%panel, %k, %c0] : memref<9x6x8xi8>, vector<8xi8>
      %c = arith.addf %a, %x : vector<16xbf16>
      %d = arith.addi %b, %y : vector<8xi8>
      scf.yield %c, %d : vector<16xbf16>, vector<8xi8>
    }
  }
  return
}

// Nobody asks for what is not read again: a panel that %i changes. Nor for a
// row that %k does not change, a part of a row, as of a matrix that is not
// packed, or what is no argument.
// CHECK-LABEL: func @others(
// CHECK-NOT:     memref.prefetch
// CHECK:         return
func.func @others(%w: memref<5x6x16xf32>, %m: memref<5x6x64xf32>, %l: index,
                  %n: index, %zero: vector<16xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c6 = arith.constant 6 : index
  %own = memref.alloc() : memref<5x6x16xf32>
  scf.for %i = %c0 to %n step %c1 {
    %s = scf.for %k = %c0 to %c6 step %c1 iter_args(%a = %zero)
        -> vector<16xf32> {
      %iteration = vector.load %w[%i, %k, %c0] : memref<5x6x16xf32>, vector<16xf32>
      %row = vector.load %w[%l, %l, %c0] : memref<5x6x16xf32>, vector<16xf32>
      %part = vector.load %m[%l, %k, %c0] : memref<5x6x64xf32>, vector<16xf32>
      %mine = vector.load %own[%l, %k, %c0]
          : memref<5x6x16xf32>, vector<16xf32>
      %b = arith.addf %a, %iteration : vector<16xf32>
      %c = arith.addf %b, %row : vector<16xf32>
      %d = arith.addf %c, %part : vector<16xf32>
      %e = arith.addf %d, %mine : vector<16xf32>
      scf.yield %e : vector<16xf32>
    }
  }
  return
}

// A single pass over a panel: no block of rows would wait for the next one.
// CHECK-LABEL: func @once(
// CHECK-NOT:     memref.prefetch
// CHECK:         return
func.func @once(%w: memref<5x6x16xf32>, %panel: index, %zero: vector<16xf32>)
    -> vector<16xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c6 = arith.constant 6 : index
  %s = scf.for %k = %c0 to %c6 step %c1 iter_args(%a = %zero)
      -> vector<16xf32> {
    %x = vector.load %w[%panel, %k, %c0] : memref<5x6x16xf32>, vector<16xf32>
    %b = arith.addf %a, %x : vector<16xf32>
    scf.yield %b : vector<16xf32>
  }
  return %s : vector<16xf32>
}

// Elements of eight bytes, whatever they are: a row of 16 has two lines.
// CHECK-LABEL: func @indices(
// CHECK-COUNT-2: memref.prefetch
// CHECK-NOT:     memref.prefetch
// CHECK:         return
func.func @indices(%w: memref<5x6x16xindex>, %panel: index,
                   %to: memref<16xindex>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c6 = arith.constant 6 : index
  scf.for %row = %c0 to %c6 step %c1 {
    scf.for %k = %c0 to %c6 step %c1 {
      %x = vector.load %w[%panel, %k, %c0]
          : memref<5x6x16xindex>, vector<16xindex>
      vector.store %x, %to[%c0] : memref<16xindex>, vector<16xindex>
    }
  }
  return
}
