// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: gpt2-opt %s --reuse-buffers --split-input-file --verify-diagnostics \
// RUN:   | FileCheck %s

// Eight bytes of an index, a vector's as it lies in memory, where three numbers
// take the place of four, both parts of a complex number, and one byte of a bit.
// CHECK-DAG:     memref.global "private" @[[BITS:.+]] : memref<5xi8> =
// CHECK-DAG:     memref.global "private" @[[INDICES:.+]] : memref<40xi8> =
// CHECK-DAG:     memref.global "private" @[[COMPLEX:.+]] : memref<48xi8> =
// CHECK-DAG:     memref.global "private" @[[VECTORS:.+]] : memref<80xi8> =
// CHECK-LABEL: func @elements(
// CHECK-DAG:     memref.view %{{.+}} : memref<40xi8> to memref<5xindex>
// CHECK-DAG:     memref.view %{{.+}} : memref<80xi8> to memref<5xvector<3xf32>>
// CHECK-DAG:     memref.view %{{.+}} : memref<48xi8> to memref<6xcomplex<f32>>
// CHECK-DAG:     memref.view %{{.+}} : memref<5xi8> to memref<5xi1>
// CHECK:         return
func.func @elements(%i: index, %v: vector<3xf32>, %z: complex<f32>, %b: i1) {
  %a = memref.alloc() : memref<5xindex>
  %c = memref.alloc() : memref<5xvector<3xf32>>
  %d = memref.alloc() : memref<6xcomplex<f32>>
  %e = memref.alloc() : memref<5xi1>
  memref.store %i, %a[%i] : memref<5xindex>
  memref.store %v, %c[%i] : memref<5xvector<3xf32>>
  memref.store %z, %d[%i] : memref<6xcomplex<f32>>
  memref.store %b, %e[%i] : memref<5xi1>
  memref.store %i, %a[%i] : memref<5xindex>
  memref.store %v, %c[%i] : memref<5xvector<3xf32>>
  memref.store %z, %d[%i] : memref<6xcomplex<f32>>
  return
}

// -----

// What frees a buffer, under its own name or another, ends its life, and is
// gone: a place is not given back. %b is in %a's place.
// CHECK:         memref.global "private" @buffer : memref<32xi8>
// CHECK-NOT:     memref.global
// CHECK-LABEL: func @freed(
// CHECK-NOT:     memref.dealloc
// CHECK:         return
func.func @freed(%x: memref<8xf32>) {
  %a = memref.alloc() : memref<8xf32>
  memref.copy %x, %a : memref<8xf32> to memref<8xf32>
  memref.copy %a, %x : memref<8xf32> to memref<8xf32>
  memref.dealloc %a : memref<8xf32>
  %b = memref.alloc() : memref<8xf32>
  %c = memref.cast %b : memref<8xf32> to memref<?xf32>
  memref.copy %x, %b : memref<8xf32> to memref<8xf32>
  memref.copy %b, %x : memref<8xf32> to memref<8xf32>
  memref.dealloc %c : memref<?xf32>
  return
}

// -----

// A place is aligned as the buffer in it that asks for most.
// CHECK:         memref.global "private" @buffer : memref<32xi8> = uninitialized {alignment = 128 : i64}
// CHECK-LABEL: func @aligned(
func.func @aligned(%x: memref<8xf32>) {
  %a = memref.alloc() {alignment = 32 : i64} : memref<8xf32>
  memref.copy %x, %a : memref<8xf32> to memref<8xf32>
  memref.copy %a, %x : memref<8xf32> to memref<8xf32>
  %b = memref.alloc() {alignment = 128 : i64} : memref<8xf32>
  memref.copy %x, %b : memref<8xf32> to memref<8xf32>
  memref.copy %b, %x : memref<8xf32> to memref<8xf32>
  return
}

// -----

// A buffer under a name without a rank is the same buffer: %b has no place
// while it is used.
// CHECK-COUNT-2: memref.global "private" @{{.+}} : memref<32xi8>
// CHECK-LABEL: func @without_rank(
func.func private @use(memref<*xf32>)
func.func @without_rank(%x: memref<8xf32>) {
  %a = memref.alloc() : memref<8xf32>
  %u = memref.cast %a : memref<8xf32> to memref<*xf32>
  %b = memref.alloc() : memref<8xf32>
  memref.copy %x, %b : memref<8xf32> to memref<8xf32>
  memref.copy %b, %x : memref<8xf32> to memref<8xf32>
  call @use(%u) : (memref<*xf32>) -> ()
  return
}

// -----

// Which buffer is freed is not known.
func.func @one_of_two(%x: memref<8xf32>, %p: i1) {
  // expected-error @below {{reuse-buffers cannot follow this buffer out of its block}}
  %a = memref.alloc() : memref<8xf32>
  %b = arith.select %p, %a, %x : memref<8xf32>
  // expected-note @below {{it leaves here}}
  memref.dealloc %b : memref<8xf32>
  return
}

// -----

// Who reads the table finds the buffer there.
func.func @stored(%table: memref<4xmemref<8xf32>>, %i: index) {
  // expected-error @below {{reuse-buffers cannot follow this buffer out of its block}}
  %a = memref.alloc() : memref<8xf32>
  // expected-note @below {{it leaves here}}
  memref.store %a, %table[%i] : memref<4xmemref<8xf32>>
  return
}

// -----

// An address does not tell what it is one of.
func.func @address() -> index {
  // expected-error @below {{reuse-buffers cannot follow this buffer out of its block}}
  %a = memref.alloc() : memref<8xf32>
  // expected-note @below {{it leaves here}}
  %p = memref.extract_aligned_pointer_as_index %a : memref<8xf32> -> index
  return %p : index
}

// -----

// Its block is left by a branch, and the other may be a loop's.
func.func @other_block(%x: memref<8xf32>) {
  // expected-error @below {{reuse-buffers cannot follow this buffer out of its block}}
  %a = memref.alloc() : memref<8xf32>
  cf.br ^next
^next:
  // expected-note @below {{it leaves here}}
  memref.copy %x, %a : memref<8xf32> to memref<8xf32>
  return
}

// -----

// How large a descriptor is depends on how it is lowered.
func.func @descriptors() {
  // expected-error @below {{reuse-buffers does not know the size of 'memref<?xf32>'}}
  %a = memref.alloc() : memref<4xmemref<?xf32>>
  return
}

// -----

// A block's shared memory is no part of the program's.
func.func @shared() {
  // expected-error @below {{reuse-buffers knows buffers in no memory space of their own only}}
  %a = memref.alloc() : memref<4xf32, #gpu.address_space<workgroup>>
  return
}
