// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: gpt2-opt %s --lower-math-to-intrinsics | FileCheck %s

// exp(x) = exp2(x log2 e).
// CHECK-LABEL: func @exp(
// CHECK-SAME:    %[[X:.+]]: f32) -> f32 {
// CHECK-NEXT:    %[[LOG2E:.+]] = arith.constant 1.44269502 : f32
// CHECK-NEXT:    %[[Y:.+]] = arith.mulf %[[X]], %[[LOG2E]] : f32
// CHECK-NEXT:    %[[R:.+]] = llvm.call_intrinsic "llvm.exp2.f32"(%[[Y]]) : (f32) -> f32
// CHECK-NEXT:    return %[[R]]
func.func @exp(%x: f32) -> f32 {
  %r = math.exp %x : f32
  return %r : f32
}

// tanh(x) = 1 - 2 / (exp2(2 x log2 e) + 1).
// CHECK-LABEL: func @tanh(
// CHECK-SAME:    %[[X:.+]]: f32) -> f32 {
// CHECK-NEXT:    %[[TWO_LOG2E:.+]] = arith.constant 2.885390e+00 : f32
// CHECK-NEXT:    %[[Y:.+]] = arith.mulf %[[X]], %[[TWO_LOG2E]] : f32
// CHECK-NEXT:    %[[P:.+]] = llvm.call_intrinsic "llvm.exp2.f32"(%[[Y]])
// CHECK-DAG:     %[[ONE:.+]] = arith.constant 1.000000e+00 : f32
// CHECK-DAG:     %[[TWO:.+]] = arith.constant 2.000000e+00 : f32
// CHECK-DAG:     %[[S:.+]] = arith.addf %[[P]], %[[ONE]] : f32
// CHECK:         %[[Q:.+]] = arith.divf %[[TWO]], %[[S]] : f32
// CHECK:         %[[ALSO_ONE:.+]] = arith.constant 1.000000e+00 : f32
// CHECK:         %[[R:.+]] = arith.subf %[[ALSO_ONE]], %[[Q]] : f32
// CHECK:         return %[[R]]
func.func @tanh(%x: f32) -> f32 {
  %r = math.tanh %x : f32
  return %r : f32
}

// Those that every target has an instruction for, and 1 / sqrt(x).
// CHECK-LABEL: func @instructions(
// CHECK-SAME:    %[[X:.+]]: f32) -> (f32, f32, f32, f32) {
// CHECK:         %[[A:.+]] = llvm.call_intrinsic "llvm.exp2.f32"(%[[X]])
// CHECK:         %[[B:.+]] = llvm.call_intrinsic "llvm.sqrt.f32"(%[[X]])
// CHECK:         %[[C:.+]] = llvm.call_intrinsic "llvm.fabs.f32"(%[[X]])
// CHECK-DAG:     %[[ROOT:.+]] = llvm.call_intrinsic "llvm.sqrt.f32"(%[[X]])
// CHECK-DAG:     %[[ONE:.+]] = arith.constant 1.000000e+00 : f32
// CHECK:         %[[D:.+]] = arith.divf %[[ONE]], %[[ROOT]]
// CHECK:         return %[[A]], %[[B]], %[[C]], %[[D]]
func.func @instructions(%x: f32) -> (f32, f32, f32, f32) {
  %a = math.exp2 %x : f32
  %b = math.sqrt %x : f32
  %c = math.absf %x : f32
  %d = math.rsqrt %x : f32
  return %a, %b, %c, %d : f32, f32, f32, f32
}

// Two in a row, in a kernel: the second reads what became of the first.
// CHECK-LABEL: gpu.func @kernel
// CHECK-NOT:     math.
// CHECK:         %[[A:.+]] = llvm.call_intrinsic "llvm.sqrt.f32"
// CHECK:         %[[B:.+]] = llvm.call_intrinsic "llvm.fabs.f32"(%[[A]])
// CHECK:         memref.store %[[B]]
// CHECK-NOT:     math.
// CHECK:         gpu.return
gpu.module @kernels {
  gpu.func @kernel(%x: f32, %y: memref<f32>) kernel {
    %a = math.sqrt %x : f32
    %b = math.absf %a : f32
    memref.store %b, %y[] : memref<f32>
    gpu.return
  }
}

// What it does not know stays: other functions, other types, and vectors, which
// are lowered when they are single numbers.
// CHECK-LABEL: func @others(
// CHECK-SAME:    %[[X:.+]]: f32, %[[Y:.+]]: f64, %[[Z:.+]]: bf16, %[[V:.+]]: vector<4xf32>)
// CHECK-NEXT:    math.log %[[X]]
// CHECK-NEXT:    math.exp %[[Y]]
// CHECK-NEXT:    math.exp %[[Z]]
// CHECK-NEXT:    math.tanh %[[V]]
// CHECK-NEXT:    math.fma %[[X]], %[[X]], %[[X]]
// CHECK-NOT:     llvm.call_intrinsic
func.func @others(%x: f32, %y: f64, %z: bf16, %v: vector<4xf32>)
    -> (f32, f64, bf16, vector<4xf32>, f32) {
  %a = math.log %x : f32
  %b = math.exp %y : f64
  %c = math.exp %z : bf16
  %d = math.tanh %v : vector<4xf32>
  %e = math.fma %x, %x, %x : f32
  return %a, %b, %c, %d, %e : f32, f64, bf16, vector<4xf32>, f32
}
