// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: gpt2-opt %s --name-operations | FileCheck %s

// What computes the function's result is named after the function; what comes
// before it, after the function and the operation. All become linalg.generic.
// One that has a name keeps it, and its size may be unknown.
// CHECK-LABEL: func @linear(
// CHECK-NOT:     linalg.matmul
// CHECK:         %[[BIAS:.+]] = linalg.generic {{.*}} attrs = {gpt2.op = "linear.broadcast"} {
// CHECK:         %[[MINE:.+]] = linalg.generic {{.*}} outs(%[[BIAS]] : tensor<?x5xf32>) attrs = {gpt2.op = "mine"} {
// CHECK:         %[[Y:.+]] = linalg.generic {{.*}} outs(%[[MINE]] : tensor<?x5xf32>) attrs = {gpt2.op = "linear", gpt2.result} {
// CHECK-NOT:     linalg.matmul
// CHECK:         return %[[Y]]
func.func @linear(%x: tensor<?x4xf32>, %w: tensor<4x5xf32>, %b: tensor<5xf32>,
                  %y: tensor<?x5xf32>) -> tensor<?x5xf32> {
  %bias = linalg.broadcast ins(%b : tensor<5xf32>)
      outs(%y : tensor<?x5xf32>) dimensions = [0]
  %z = linalg.matmul {gpt2.op = "mine"}
      ins(%x, %w : tensor<?x4xf32>, tensor<4x5xf32>)
      outs(%bias : tensor<?x5xf32>) -> tensor<?x5xf32>
  %r = linalg.matmul ins(%x, %w : tensor<?x4xf32>, tensor<4x5xf32>)
      outs(%z : tensor<?x5xf32>) -> tensor<?x5xf32>
  return %r : tensor<?x5xf32>
}

// A fill and a copy stay what they are: later passes know them. A generic one
// is called so. Two results are both the function's.
// CHECK-LABEL: func @kinds(
// CHECK:         %[[A:.+]] = linalg.fill {gpt2.op = "kinds.fill"}
// CHECK:         linalg.copy {gpt2.op = "kinds", gpt2.result}
// CHECK:         linalg.generic {{.*}} attrs = {gpt2.op = "kinds.generic"} {
// CHECK:         linalg.generic {{.*}} attrs = {gpt2.op = "kinds", gpt2.result} {
func.func @kinds(%x: tensor<4xf32>, %v: f32)
    -> (tensor<4xf32>, tensor<4xf32>) {
  %e = tensor.empty() : tensor<4xf32>
  %a = linalg.fill ins(%v : f32) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %b = linalg.copy ins(%a : tensor<4xf32>) outs(%e : tensor<4xf32>)
      -> tensor<4xf32>
  %c = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>,
                                        affine_map<(i) -> (i)>],
      iterator_types = ["parallel"]}
      ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) {
  ^bb0(%i: f32, %o: f32):
    linalg.yield %i : f32
  } -> tensor<4xf32>
  %d = linalg.add ins(%c, %c : tensor<4xf32>, tensor<4xf32>)
      outs(%e : tensor<4xf32>) -> tensor<4xf32>
  return %b, %d : tensor<4xf32>, tensor<4xf32>
}

// One that has a name and makes the result has both.
// CHECK-LABEL: func @named_result(
// CHECK:         linalg.generic {{.*}} attrs = {gpt2.op = "mine", gpt2.result} {
func.func @named_result(%x: tensor<4xf32>) -> tensor<4xf32> {
  %e = tensor.empty() : tensor<4xf32>
  %a = linalg.exp {gpt2.op = "mine"} ins(%x : tensor<4xf32>)
      outs(%e : tensor<4xf32>) -> tensor<4xf32>
  return %a : tensor<4xf32>
}

// What a loop computes in each iteration is not what the function returns.
// CHECK-LABEL: func @in_a_loop(
// CHECK:         scf.for
// CHECK:           linalg.generic {{.*}} attrs = {gpt2.op = "in_a_loop.exp"} {
// CHECK-NOT:     gpt2.result
// CHECK:         return
func.func @in_a_loop(%x: tensor<4xf32>, %n: index) -> tensor<4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%a = %x) -> tensor<4xf32> {
    %b = linalg.exp ins(%a : tensor<4xf32>) outs(%a : tensor<4xf32>)
        -> tensor<4xf32>
    scf.yield %b : tensor<4xf32>
  }
  return %r : tensor<4xf32>
}

// Only operations of linalg have names.
// CHECK-LABEL: func @none(
// CHECK-NOT:     gpt2.op
func.func @none(%x: tensor<4xf32>) -> tensor<4xf32> {
  %a = arith.addf %x, %x : tensor<4xf32>
  return %a : tensor<4xf32>
}
