// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: gpt2-opt %s --split-input-file --reuse-buffers | FileCheck %s
// RUN: not gpt2-opt %s --split-input-file --reuse-buffers=arena=true 2>&1 \
// RUN:   | FileCheck %s --check-prefix=ARENA

// Names that the program has already stay its own, wherever they stand.
// CHECK:       func.func private @buffer_0(
// CHECK:       memref.global "private" @[[A:buffer_[0-9]+]] : memref<64xi8>
// CHECK:       memref.global "private" @[[B:buffer_[0-9]+]] : memref<32xi8>
// CHECK-LABEL: func.func @two_at_once
// CHECK:         memref.get_global @[[A]] : memref<64xi8>
// CHECK:         memref.get_global @[[B]] : memref<32xi8>
// CHECK:         memref.get_global @buffer : memref<4xi8>
// CHECK:       memref.global "private" @[[C:buffer_[0-9]+]] : memref<16xi8>
// CHECK-LABEL: func.func @one
// CHECK:         memref.get_global @[[C]] : memref<16xi8>
// CHECK:         call @buffer_0
// CHECK:       memref.global "private" @buffer : memref<4xi8>
func.func private @buffer_0(memref<?xf32>)
func.func @two_at_once(%x: f32) -> f32 {
  %c0 = arith.constant 0 : index
  %a = memref.alloc() : memref<16xf32>
  %b = memref.alloc() : memref<8xf32>
  memref.store %x, %a[%c0] : memref<16xf32>
  memref.store %x, %b[%c0] : memref<8xf32>
  %own = memref.get_global @buffer : memref<4xi8>
  %read = memref.load %own[%c0] : memref<4xi8>
  %f = arith.sitofp %read : i8 to f32
  %r = memref.load %a[%c0] : memref<16xf32>
  %s = memref.load %b[%c0] : memref<8xf32>
  %rs = arith.addf %r, %s : f32
  %sum = arith.addf %rs, %f : f32
  return %sum : f32
}
func.func @one() {
  %a = memref.alloc() : memref<4xf32>
  %open = memref.cast %a : memref<4xf32> to memref<?xf32>
  call @buffer_0(%open) : (memref<?xf32>) -> ()
  return
}
memref.global "private" @buffer : memref<4xi8> = uninitialized

// -----

// The size of an arena is looked up by its name: it must be free.
// ARENA: [[@LINE+1]]:{{.*}}error: reuse-buffers: @f_arena_bytes is the name of an arena's size
func.func @f_arena_bytes() {
  return
}
func.func @f(%x: f32) -> f32 {
  %c0 = arith.constant 0 : index
  %a = memref.alloc() : memref<1xf32>
  memref.store %x, %a[%c0] : memref<1xf32>
  %r = memref.load %a[%c0] : memref<1xf32>
  return %r : f32
}
