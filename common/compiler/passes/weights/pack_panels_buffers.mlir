// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: gpt2-opt %s --pack-panels --verify-diagnostics

// It is too late then: a buffer's loads and views are not followed.
// expected-error @below {{pack-panels: expected a tensor as argument 1}}
func.func @buffer(%i: index, %w: memref<8x16xf32> {gpt2.matrix}) {
  return
}
