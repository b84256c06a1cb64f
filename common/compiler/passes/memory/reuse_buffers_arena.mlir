// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: gpt2-opt %s --reuse-buffers=arena=true --verify-diagnostics

// Who gives the arena aligns it as CUDA aligns what it allocates.
func.func @aligned(%x: memref<8xf32>) {
  // expected-error @below {{reuse-buffers: an arena's places are aligned to 256 bytes}}
  %a = memref.alloc() {alignment = 512 : i64} : memref<8xf32>
  memref.copy %x, %a : memref<8xf32> to memref<8xf32>
  return
}
