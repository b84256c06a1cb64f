// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: gpt2-opt %s --approximate-math | FileCheck %s

// tanh of a vector is a quotient of two polynomials, exp one polynomial whose
// exponent is put in by its bits. Nothing is left that would be a call for each
// element.
// CHECK-LABEL: func @vectors(
// CHECK-SAME:      %[[X:.+]]: vector<16xf32>
// CHECK-NOT:     math.tanh
// CHECK-NOT:     math.exp
// CHECK:         math.fma {{.*}} : vector<16xf32>
// CHECK-NOT:     math.tanh
// CHECK-NOT:     math.exp
// CHECK:         arith.divf {{.*}} : vector<16xf32>
// CHECK-NOT:     math.exp
// CHECK:         math.fma {{.*}} : vector<16xf32>
// CHECK:         arith.shli {{.*}} : vector<16xi32>
// CHECK:         arith.bitcast {{.*}} : vector<16xi32> to vector<16xf32>
// CHECK-NOT:     math.exp
// CHECK:         return
func.func @vectors(%x: vector<16xf32>) -> vector<16xf32> {
  %t = math.tanh %x : vector<16xf32>
  %e = math.exp %t : vector<16xf32>
  return %e : vector<16xf32>
}

// An element alone, in the body of an operation, which stays.
// CHECK-LABEL: func @elements(
// CHECK:         linalg.generic
// CHECK-NOT:     math.exp
// CHECK:           math.fma {{.*}} : f32
// CHECK-NOT:     math.exp
// CHECK:           linalg.yield
func.func @elements(%x: memref<?xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>],
                  iterator_types = ["parallel"]}
      outs(%x : memref<?xf32>) {
  ^bb0(%a: f32):
    %e = math.exp %a : f32
    linalg.yield %e : f32
  }
  return
}

// Other functions stay, though upstream has polynomials for them too; and so
// does what has more digits than the polynomials.
// CHECK-LABEL: func @others(
// CHECK-SAME:      %[[X:[a-z0-9]+]]: f32, %[[Y:[a-z0-9]+]]: f64
// CHECK-NOT:     math.fma
// CHECK-DAG:     math.log %[[X]] : f32
// CHECK-DAG:     math.erf %[[X]] : f32
// CHECK-DAG:     math.rsqrt %[[X]] : f32
// CHECK-DAG:     math.exp %[[Y]] : f64
// CHECK-DAG:     math.tanh %[[Y]] : f64
func.func @others(%x: f32, %y: f64) -> (f32, f32, f32, f64, f64) {
  %a = math.log %x : f32
  %b = math.erf %x : f32
  %c = math.rsqrt %x : f32
  %d = math.exp %y : f64
  %e = math.tanh %y : f64
  return %a, %b, %c, %d, %e : f32, f32, f32, f64, f64
}
