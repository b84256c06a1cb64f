// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: gpt2-opt %s --contract-multiply-add | FileCheck %s

// The product and the sum that alone uses it may become one instruction, on
// whichever side of the sum the product is.
// CHECK-LABEL: func @one_use(
// CHECK:         %[[P:.+]] = arith.mulf %{{.*}} fastmath<contract> : f32
// CHECK:         arith.addf %[[P]], %{{.*}} fastmath<contract> : f32
// CHECK:         %[[Q:.+]] = arith.mulf %{{.*}} fastmath<contract> : f32
// CHECK:         arith.addf %{{.*}}, %[[Q]] fastmath<contract> : f32
func.func @one_use(%x: f32, %y: f32, %z: f32) -> f32 {
  %p = arith.mulf %x, %y : f32
  %s = arith.addf %p, %z : f32
  %q = arith.mulf %x, %z : f32
  %t = arith.addf %s, %q : f32
  return %t : f32
}

// A sum of two products: either may be contracted.
// CHECK-LABEL: func @two_products(
// CHECK-COUNT-2: arith.mulf %{{.*}} fastmath<contract> : vector<8xf32>
// CHECK:         arith.addf %{{.*}} fastmath<contract> : vector<8xf32>
func.func @two_products(%x: vector<8xf32>, %y: vector<8xf32>)
    -> vector<8xf32> {
  %p = arith.mulf %x, %x : vector<8xf32>
  %q = arith.mulf %y, %y : vector<8xf32>
  %s = arith.addf %p, %q : vector<8xf32>
  return %s : vector<8xf32>
}

// What was allowed before is still allowed.
// CHECK-LABEL: func @flags(
// CHECK:         arith.mulf %{{.*}} fastmath<nnan,contract>
// CHECK:         arith.addf %{{.*}} fastmath<reassoc,contract>
func.func @flags(%x: f32, %y: f32, %z: f32) -> f32 {
  %p = arith.mulf %x, %y fastmath<nnan> : f32
  %s = arith.addf %p, %z fastmath<reassoc> : f32
  return %s : f32
}

// A product that somebody else uses is rounded for that one, and the sum uses
// the same; so is one that the sum uses twice.
// CHECK-LABEL: func @two_uses(
// CHECK-NOT:     fastmath
// CHECK:         return
func.func @two_uses(%x: f32, %y: f32, %z: f32) -> (f32, f32, f32) {
  %p = arith.mulf %x, %y : f32
  %s = arith.addf %p, %z : f32
  %q = arith.mulf %x, %z : f32
  %t = arith.addf %q, %q : f32
  return %p, %s, %t : f32, f32, f32
}

// Only sums of products: not a difference, not a product of sums, not integers.
// CHECK-LABEL: func @others(
// CHECK-NOT:     fastmath
// CHECK:         return
func.func @others(%x: f32, %y: f32, %i: i32) -> (f32, f32, i32) {
  %p = arith.mulf %x, %y : f32
  %d = arith.subf %p, %y : f32
  %s = arith.addf %x, %y : f32
  %q = arith.mulf %s, %y : f32
  %m = arith.muli %i, %i : i32
  %n = arith.addi %m, %i : i32
  return %d, %q, %n : f32, f32, i32
}
