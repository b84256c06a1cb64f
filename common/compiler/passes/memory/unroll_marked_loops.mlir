// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: gpt2-opt %s --unroll-marked-loops --canonicalize --split-input-file \
// RUN:   --verify-diagnostics | FileCheck %s
// RUN: gpt2-opt %s --unroll-marked-loops --split-input-file \
// RUN:   --verify-diagnostics | FileCheck %s --check-prefix=ALONE

// ALONE-NOT: gpt2.unroll

// The marked loop is its three iterations, one after another; the one around it is
// not marked, and stays.
// CHECK-LABEL: func @inner
// CHECK-SAME:    (%[[M:.+]]: memref<8xf32>)
// CHECK:         scf.for %[[I:.+]] = %{{.+}} to %c3
// CHECK-NEXT:      memref.store %{{.+}}, %[[M]][%[[I]]]
// CHECK-NEXT:      %[[K1:.+]] = arith.addi %[[I]], %c1
// CHECK-NEXT:      memref.store %{{.+}}, %[[M]][%[[K1]]]
// CHECK-NEXT:      %[[K2:.+]] = arith.addi %[[I]], %c2
// CHECK-NEXT:      memref.store %{{.+}}, %[[M]][%[[K2]]]
// CHECK-NEXT:    }
// CHECK-NEXT:    return
func.func @inner(%m: memref<8xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %v = arith.constant 1.0 : f32
  scf.for %i = %c0 to %c3 step %c1 {
    scf.for %j = %c0 to %c3 step %c1 {
      %k = arith.addi %i, %j : index
      memref.store %v, %m[%k] : memref<8xf32>
    } {gpt2.unroll}
  }
  return
}

// Both marked: 2 x 2 iterations, in their order.
// CHECK-LABEL: func @both
// CHECK-NOT:     scf.for
// CHECK:         memref.store %{{.+}}, %{{.+}}[%c0, %c0]
// CHECK-NEXT:    memref.store %{{.+}}, %{{.+}}[%c0, %c1]
// CHECK-NEXT:    memref.store %{{.+}}, %{{.+}}[%c1, %c0]
// CHECK-NEXT:    memref.store %{{.+}}, %{{.+}}[%c1, %c1]
// CHECK-NEXT:    return
func.func @both(%m: memref<2x2xf32>, %v: f32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  scf.for %i = %c0 to %c2 step %c1 {
    scf.for %j = %c0 to %c2 step %c1 {
      memref.store %v, %m[%i, %j] : memref<2x2xf32>
    } {gpt2.unroll}
  } {gpt2.unroll}
  return
}

// Two beside each other, of which the second goes by steps of 2 from 1 to
// before 6; what a loop carries goes from iteration to iteration.
// CHECK-LABEL: func @carried
// CHECK-SAME:    (%[[M:.+]]: memref<8xf32>, %[[S:.+]]: f32)
// CHECK-NOT:     scf.for
// CHECK:         %[[V0:.+]] = memref.load %[[M]][%c0]
// CHECK-NEXT:    %[[S0:.+]] = arith.addf %[[S]], %[[V0]]
// CHECK-NEXT:    %[[V1:.+]] = memref.load %[[M]][%c1]
// CHECK-NEXT:    %[[S1:.+]] = arith.addf %[[S0]], %[[V1]]
// CHECK-NEXT:    memref.store %[[S1]], %[[M]][%c1]
// CHECK-NEXT:    memref.store %[[S1]], %[[M]][%c3]
// CHECK-NEXT:    memref.store %[[S1]], %[[M]][%c5]
// CHECK-NEXT:    return
func.func @carried(%m: memref<8xf32>, %s: f32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c6 = arith.constant 6 : index
  %sum = scf.for %i = %c0 to %c2 step %c1 iter_args(%a = %s) -> f32 {
    %v = memref.load %m[%i] : memref<8xf32>
    %b = arith.addf %a, %v : f32
    scf.yield %b : f32
  } {gpt2.unroll}
  scf.for %i = %c1 to %c6 step %c2 {
    memref.store %sum, %m[%i] : memref<8xf32>
  } {gpt2.unroll}
  return
}

// A single iteration is the body, and needs no canonicalization to be that.
// ALONE-LABEL: func @one_turn
// ALONE-NOT:     scf.for
// ALONE:         memref.store %{{.+}}, %{{.+}}[%c7]
// ALONE-NEXT:    return
func.func @one_turn(%m: memref<8xf32>, %v: f32) {
  %c1 = arith.constant 1 : index
  %c7 = arith.constant 7 : index
  %c8 = arith.constant 8 : index
  scf.for %i = %c7 to %c8 step %c1 {
    memref.store %v, %m[%i] : memref<8xf32>
  } {gpt2.unroll}
  return
}

// Nothing is marked.
// CHECK-LABEL: func @unmarked
// CHECK:         scf.for
// CHECK-COUNT-1: memref.store
// CHECK-NOT:     memref.store
func.func @unmarked(%m: memref<8xf32>, %v: f32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  scf.for %i = %c0 to %c8 step %c1 {
    memref.store %v, %m[%i] : memref<8xf32>
  }
  return
}

// -----

// How many iterations there are, is known when the program runs.
func.func @unknown(%m: memref<8xf32>, %v: f32, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  // expected-error @below {{to be unrolled, a loop needs a number of iterations that is known, and not zero}}
  scf.for %i = %c0 to %n step %c1 {
    memref.store %v, %m[%i] : memref<8xf32>
  } {gpt2.unroll}
  return
}

// -----

// A loop without iterations that someone marked is a mistake elsewhere.
func.func @no_turn(%m: memref<8xf32>, %v: f32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  // expected-error @below {{to be unrolled, a loop needs a number of iterations that is known, and not zero}}
  scf.for %i = %c1 to %c0 step %c1 {
    memref.store %v, %m[%i] : memref<8xf32>
  } {gpt2.unroll}
  return
}
