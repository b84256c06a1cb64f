// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: gpt2-opt %s --split-input-file --verify-diagnostics --tie-embeddings \
// RUN:   | FileCheck %s

// The matrix of logits disappears, and its readers read the embedding. The
// arguments around it stay in their order.
// CHECK-LABEL: func @tied(
// CHECK-SAME:      %[[WTE:[a-z0-9]+]]: tensor<?x?xf32> {gpt2.embedding}, %[[B:[a-z0-9]+]]: f32, %[[C:[a-z0-9]+]]: index) -> (tensor<?x?xf32>, f32, index)
// CHECK:         %[[SUM:.+]] = arith.addf %[[WTE]], %[[WTE]]
// CHECK:         return %[[SUM]], %[[B]], %[[C]]
func.func @tied(%wte: tensor<?x?xf32> {gpt2.embedding}, %b: f32,
                %head: tensor<?x?xf32> {gpt2.lm_head}, %c: index)
    -> (tensor<?x?xf32>, f32, index) {
  %s = arith.addf %wte, %head : tensor<?x?xf32>
  return %s, %b, %c : tensor<?x?xf32>, f32, index
}

// -----

// Each entry of a program, and in whatever order: here the embedding is behind.
// CHECK-LABEL: func @prefill(
// CHECK-SAME:      %[[WTE:[a-z0-9]+]]: tensor<8x4xf32> {gpt2.embedding}) -> tensor<8x4xf32>
// CHECK:         return %[[WTE]]
// CHECK-LABEL: func @decode(
// CHECK-SAME:      %[[WTE:[a-z0-9]+]]: tensor<8x4xf32> {gpt2.embedding}) -> tensor<8x4xf32>
// CHECK:         return %[[WTE]]
func.func @prefill(%head: tensor<8x4xf32> {gpt2.lm_head},
                   %wte: tensor<8x4xf32> {gpt2.embedding})
    -> tensor<8x4xf32> {
  return %head : tensor<8x4xf32>
}
func.func @decode(%head: tensor<8x4xf32> {gpt2.lm_head},
                  %wte: tensor<8x4xf32> {gpt2.embedding})
    -> tensor<8x4xf32> {
  return %head : tensor<8x4xf32>
}

// -----

// A kernel has no matrix of logits, and keeps its arguments. So does one that
// is only declared.
// CHECK-LABEL: func @embedding(
// CHECK-SAME:      tensor<8x4xf32> {gpt2.embedding}, %{{[a-z0-9]+}}: index)
// CHECK:       func private @declared(tensor<8x4xf32> {gpt2.lm_head})
func.func @embedding(%wte: tensor<8x4xf32> {gpt2.embedding}, %id: index) {
  return
}
func.func private @declared(tensor<8x4xf32> {gpt2.lm_head})

// -----

// Two matrices of different types cannot be one.
// expected-error@+1 {{tie-embeddings: gpt2.lm_head is there, and no gpt2.embedding of its type}}
func.func @types(%wte: tensor<8x4xf32> {gpt2.embedding},
                 %head: tensor<8x5xf32> {gpt2.lm_head}) {
  return
}

// -----

// Nor can one be tied to none.
// expected-error@+1 {{gpt2.lm_head is there, and no gpt2.embedding of its type}}
func.func @alone(%head: tensor<8x4xf32> {gpt2.lm_head}) {
  return
}
