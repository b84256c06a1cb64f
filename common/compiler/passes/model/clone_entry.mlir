// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: gpt2-opt %s --split-input-file \
// RUN:     --clone-entry="from=prefill to=decode sizes=T=1,N=1 suffix=_decode" \
// RUN:   | FileCheck %s
// RUN: gpt2-opt %s --split-input-file \
// RUN:     --clone-entry="from=prefill to=decode sizes=T=1" \
// RUN:   | FileCheck %s --check-prefix=PLAIN
// RUN: not gpt2-opt %s --split-input-file \
// RUN:     --clone-entry="from=prefill to=decode sizes=T" 2>&1 \
// RUN:   | FileCheck %s --check-prefix=NUMBER

// NUMBER: clone-entry: "T" is not a size; expected a letter and a number

// The clone stands behind its original. It has numbers for the letters T and N
// in its arguments' shapes, and calls the kernel for one token where there is
// one. The original stays as it is.
// CHECK-LABEL: func @prefill(
// CHECK-SAME:      tensor<?x?xf32> {gpt2.shape = "T x C"}
// CHECK-SAME:      tensor<?x?xf32> {gpt2.shape = "N x V"}
// CHECK:         call @attention(
// CHECK:         call @norm(
// CHECK-LABEL: func @decode(
// CHECK-SAME:      tensor<?x?xf32> {gpt2.shape = "1 x C"}
// CHECK-SAME:      tensor<?x?xf32> {gpt2.shape = "1 x V"}
// CHECK:         call @attention_decode(
// CHECK:         call @norm(
// CHECK-LABEL: func @other(
// CHECK:         call @attention(

// Without a suffix, the clone calls what its original calls; a letter without a
// number stays.
// PLAIN-LABEL: func @decode(
// PLAIN-SAME:      {gpt2.shape = "1 x C"}
// PLAIN-SAME:      {gpt2.shape = "N x V"}
// PLAIN:         call @attention(
// PLAIN:         call @norm(
func.func private @attention(tensor<?x?xf32>) -> tensor<?x?xf32>
func.func private @attention_decode(tensor<?x?xf32>) -> tensor<?x?xf32>
func.func private @norm(tensor<?x?xf32>) -> tensor<?x?xf32>
func.func @prefill(%x: tensor<?x?xf32> {gpt2.shape = "T x C"},
                   %logits: tensor<?x?xf32> {gpt2.shape = "N x V"})
    -> tensor<?x?xf32> {
  %a = call @attention(%x) : (tensor<?x?xf32>) -> tensor<?x?xf32>
  %b = call @norm(%a) : (tensor<?x?xf32>) -> tensor<?x?xf32>
  return %b : tensor<?x?xf32>
}
func.func @other(%x: tensor<?x?xf32> {gpt2.shape = "T x C"})
    -> tensor<?x?xf32> {
  %a = call @attention(%x) : (tensor<?x?xf32>) -> tensor<?x?xf32>
  return %a : tensor<?x?xf32>
}

// -----

// A letter is the whole name of a size, perhaps with a number before it. An
// argument without a shape has none in the clone, and other attributes stay.
// CHECK-LABEL: func @decode(
// CHECK-SAME:      tensor<?x?x1xf32> {gpt2.shape = "C x 3C x 1"}
// CHECK-SAME:      tensor<?x?xf32> {gpt2.shape = "3 x T2"}
// CHECK-SAME:      %{{[a-z0-9]+}}: index,
// CHECK-SAME:      tensor<?xf32> {gpt2.cache, gpt2.shape = "1"}
func.func @prefill(%x: tensor<?x?x1xf32> {gpt2.shape = "C x 3C x T"},
                   %y: tensor<?x?xf32> {gpt2.shape = "3T x T2"},
                   %n: index,
                   %k: tensor<?xf32> {gpt2.cache, gpt2.shape = "T"}) {
  return
}
