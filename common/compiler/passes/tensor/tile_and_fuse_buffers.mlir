// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: gpt2-opt %s --tile-and-fuse --split-input-file --verify-diagnostics

// On buffers, who reads what was written is not to be seen: not even that this
// fills %x for a reason.
func.func @fill(%x: memref<8xf32>, %v: f32) {
  // expected-error @below {{tile-and-fuse: expected tensors, not buffers}}
  linalg.fill ins(%v : f32) outs(%x : memref<8xf32>)
  return
}

// -----

func.func @product(%a: memref<4x8xf32>, %b: memref<8x4xf32>,
                   %c: memref<4x4xf32>) {
  // expected-error @below {{tile-and-fuse: expected tensors, not buffers}}
  linalg.matmul ins(%a, %b : memref<4x8xf32>, memref<8x4xf32>)
      outs(%c : memref<4x4xf32>)
  return
}
