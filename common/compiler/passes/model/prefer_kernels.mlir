// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: gpt2-opt %s --split-input-file --prefer-kernels=suffix=_in_bf16 \
// RUN:   | FileCheck %s
// RUN: gpt2-opt %s --split-input-file --prefer-kernels \
// RUN:   | FileCheck %s --check-prefix=NONE

// Both calls of @linear become calls of the special one; of @norm there is no
// special one.
// CHECK-LABEL: func @forward(
// CHECK:         %[[A:.+]] = call @linear_in_bf16(%
// CHECK:         %[[B:.+]] = call @norm(%[[A]])
// CHECK:         call @linear_in_bf16(%[[B]])

// Without a suffix there is nothing that is special.
// NONE-LABEL: func @forward(
// NONE:         call @linear(
// NONE:         call @norm(
// NONE:         call @linear(
func.func private @linear(tensor<?xf32>) -> tensor<?xf32>
func.func private @linear_in_bf16(tensor<?xf32>) -> tensor<?xf32>
func.func private @norm(tensor<?xf32>) -> tensor<?xf32>
func.func @forward(%x: tensor<?xf32>) -> tensor<?xf32> {
  %a = call @linear(%x) : (tensor<?xf32>) -> tensor<?xf32>
  %b = call @norm(%a) : (tensor<?xf32>) -> tensor<?xf32>
  %c = call @linear(%b) : (tensor<?xf32>) -> tensor<?xf32>
  return %c : tensor<?xf32>
}

// -----

// A special function may call the one that it stands for: it does not come to
// call itself.
// CHECK-LABEL: func @linear_in_bf16(
// CHECK:         call @linear(
// CHECK-LABEL: func @forward(
// CHECK:         call @linear_in_bf16(
func.func private @linear(tensor<?xf32>) -> tensor<?xf32>
func.func @linear_in_bf16(%x: tensor<?xf32>) -> tensor<?xf32> {
  %a = call @linear(%x) : (tensor<?xf32>) -> tensor<?xf32>
  return %a : tensor<?xf32>
}
func.func @forward(%x: tensor<?xf32>) -> tensor<?xf32> {
  %a = call @linear(%x) : (tensor<?xf32>) -> tensor<?xf32>
  return %a : tensor<?xf32>
}

// -----

// A call in a loop is one as well.
// CHECK-LABEL: func @layers(
// CHECK:         scf.for
// CHECK:           func.call @layer_in_bf16(
func.func private @layer(tensor<?xf32>) -> tensor<?xf32>
func.func private @layer_in_bf16(tensor<?xf32>) -> tensor<?xf32>
func.func @layers(%x: tensor<?xf32>, %n: index) -> tensor<?xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %y = scf.for %i = %c0 to %n step %c1 iter_args(%a = %x) -> tensor<?xf32> {
    %b = func.call @layer(%a) : (tensor<?xf32>) -> tensor<?xf32>
    scf.yield %b : tensor<?xf32>
  }
  return %y : tensor<?xf32>
}
