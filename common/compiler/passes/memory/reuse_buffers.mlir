// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: gpt2-opt %s --reuse-buffers --split-input-file --verify-diagnostics \
// RUN:   | FileCheck %s
// RUN: gpt2-opt %s --reuse-buffers=arena=true --split-input-file \
// RUN:   --verify-diagnostics | FileCheck %s --check-prefix=ARENA

// %c begins when %a has had its last use, so it is in %a's place; %b is alive
// beside both. %a has room for 10 rows of 8 floats, which are more bytes than
// %c has.
// CHECK:       memref.global "private" @[[LARGE:.+]] : memref<320xi8> = uninitialized {alignment = 64 : i64}
// CHECK:       memref.global "private" @[[SMALL:.+]] : memref<12xi8> = uninitialized {alignment = 64 : i64}
// CHECK-NOT:   memref.global
// CHECK-LABEL: func @chain(
// CHECK-SAME:    %[[X:.+]]: memref<?x8xf32>) attributes
// CHECK:         %[[N:.+]] = memref.dim %[[X]]
// CHECK:         %[[P:.+]] = memref.get_global @[[LARGE]] : memref<320xi8>
// CHECK:         %[[AT:.+]] = arith.constant 0 : index
// CHECK:         %[[A:.+]] = memref.view %[[P]][%[[AT]]][%[[N]]] : memref<320xi8> to memref<?x8xf32>
// CHECK:         memref.store %{{.+}}, %[[A]]
// CHECK:         %[[P:.+]] = memref.get_global @[[SMALL]] : memref<12xi8>
// CHECK:         %[[B:.+]] = memref.view %[[P]][%{{.+}}][] : memref<12xi8> to memref<3xf32>
// CHECK:         memref.load %[[A]]
// CHECK:         memref.store %{{.+}}, %[[B]]
// CHECK:         %[[P:.+]] = memref.get_global @[[LARGE]] : memref<320xi8>
// CHECK:         %[[C:.+]] = memref.view %[[P]][%{{.+}}][] : memref<320xi8> to memref<64xf32>
// CHECK:         memref.load %[[B]]
// CHECK:         memref.store %{{.+}}, %[[C]]
// CHECK-NOT:     memref.alloc
// CHECK:         return
//
// In an arena, each place begins at a multiple of 256 bytes; what the program
// needs of it is known by the function's name.
// ARENA:       memref.global constant @chain_arena_bytes : memref<i64> = dense<768>
// ARENA-LABEL: func @chain(
// ARENA-SAME:    %{{.+}}: memref<?x8xf32>, %[[ARENA:.+]]: memref<768xi8>) attributes
// ARENA:         %[[N:.+]] = memref.dim
// ARENA:         %[[AT:.+]] = arith.constant 0 : index
// ARENA:         memref.view %[[ARENA]][%[[AT]]][%[[N]]] : memref<768xi8> to memref<?x8xf32>
// ARENA:         %[[AT:.+]] = arith.constant 512 : index
// ARENA:         memref.view %[[ARENA]][%[[AT]]][] : memref<768xi8> to memref<3xf32>
// ARENA:         %[[AT:.+]] = arith.constant 0 : index
// ARENA:         memref.view %[[ARENA]][%[[AT]]][] : memref<768xi8> to memref<64xf32>
// ARENA-NOT:     memref.alloc
// ARENA-NOT:     memref.get_global
// ARENA:         return
func.func @chain(%x: memref<?x8xf32>) attributes {gpt2.context = 10 : i64} {
  %c0 = arith.constant 0 : index
  %v = arith.constant 0.0 : f32
  %n = memref.dim %x, %c0 : memref<?x8xf32>
  %a = memref.alloc(%n) : memref<?x8xf32>
  memref.store %v, %a[%c0, %c0] : memref<?x8xf32>
  %b = memref.alloc() : memref<3xf32>
  %w = memref.load %a[%c0, %c0] : memref<?x8xf32>
  memref.store %w, %b[%c0] : memref<3xf32>
  %c = memref.alloc() : memref<64xf32>
  %u = memref.load %b[%c0] : memref<3xf32>
  memref.store %u, %c[%c0] : memref<64xf32>
  return
}

// -----

// Two in a loop's body share a place in every iteration; %c, which is carried from
// iteration to iteration, has its own.
// CHECK-COUNT-2: memref.global "private" @{{.+}} : memref<512xi8> = uninitialized
// CHECK-NOT:     memref.global
// CHECK-LABEL: func @iterations(
// CHECK:         memref.get_global @[[CARRIED:.+]] :
// CHECK:         %[[C:.+]] = memref.view
// CHECK:         scf.for
// CHECK:           memref.get_global @[[OF_TURN:.+]] :
// CHECK:           %[[A:.+]] = memref.view
// CHECK:           memref.copy %{{.+}}, %[[A]]
// CHECK:           memref.copy %[[A]], %[[C]]
// CHECK:           memref.get_global @[[OF_TURN]] :
// CHECK:           %[[B:.+]] = memref.view
// CHECK:           memref.copy %[[C]], %[[B]]
// CHECK:           memref.copy %[[B]], %{{.+}}
// ARENA:       @iterations_arena_bytes : memref<i64> = dense<1024>
func.func @iterations(%x: memref<?x8xf32>, %n: index)
    attributes {gpt2.context = 16 : index} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %T = memref.dim %x, %c0 : memref<?x8xf32>
  %c = memref.alloc(%T) : memref<?x8xf32>
  scf.for %i = %c0 to %n step %c1 {
    %a = memref.alloc(%T) : memref<?x8xf32>
    memref.copy %x, %a : memref<?x8xf32> to memref<?x8xf32>
    memref.copy %a, %c : memref<?x8xf32> to memref<?x8xf32>
    %b = memref.alloc(%T) : memref<?x8xf32>
    memref.copy %c, %b : memref<?x8xf32> to memref<?x8xf32>
    memref.copy %b, %x : memref<?x8xf32> to memref<?x8xf32>
  }
  return
}

// -----

// %a is read in the loop's next iteration again, after %b was written: it lives to
// the loop's end.
// CHECK-COUNT-2: memref.global "private" @{{.+}} : memref<32xi8>
// CHECK-LABEL: func @read_in_next_turn(
// ARENA:       @read_in_next_turn_arena_bytes : memref<i64> = dense<512>
func.func @read_in_next_turn(%x: memref<8xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %a = memref.alloc() : memref<8xf32>
  scf.for %i = %c0 to %n step %c1 {
    memref.copy %a, %x : memref<8xf32> to memref<8xf32>
    %b = memref.alloc() : memref<8xf32>
    memref.copy %b, %x : memref<8xf32> to memref<8xf32>
  }
  return
}

// -----

// A view of a view of %a is %a: it is alive while one of them is.
// CHECK-COUNT-2: memref.global "private" @{{.+}} : memref<32xi8>
// CHECK-LABEL: func @read_through_views(
// ARENA:       @read_through_views_arena_bytes : memref<i64> = dense<512>
func.func @read_through_views(%x: memref<8xf32>) {
  %a = memref.alloc() : memref<8xf32>
  %half = memref.subview %a[4] [4] [1]
      : memref<8xf32> to memref<4xf32, strided<[1], offset: 4>>
  %square = memref.expand_shape %half [[0, 1]] output_shape [2, 2]
      : memref<4xf32, strided<[1], offset: 4>>
      into memref<2x2xf32, strided<[2, 1], offset: 4>>
  %b = memref.alloc() : memref<8xf32>
  memref.copy %x, %b : memref<8xf32> to memref<8xf32>
  %c0 = arith.constant 0 : index
  %v = memref.load %square[%c0, %c0]
      : memref<2x2xf32, strided<[2, 1], offset: 4>>
  memref.store %v, %b[%c0] : memref<8xf32>
  return
}

// -----

// Sizes that are no multiple of anything: 5 bits are in 5 bytes, three bf16 in
// 6, and one number in 4. All are alive at the end.
// CHECK-DAG:   memref.global "private" @{{.+}} : memref<6xi8>
// CHECK-DAG:   memref.global "private" @{{.+}} : memref<5xi8>
// CHECK-DAG:   memref.global "private" @{{.+}} : memref<4xi8>
// CHECK-LABEL: func @odd_sizes(
// ARENA:       @odd_sizes_arena_bytes : memref<i64> = dense<768>
func.func @odd_sizes(%x: memref<3xbf16>) {
  %c0 = arith.constant 0 : index
  %yes = arith.constant true
  %zero = arith.constant 0.0 : f32
  %bits = memref.alloc() : memref<5xi1>
  %halves = memref.alloc() : memref<3xbf16>
  %number = memref.alloc() : memref<f32>
  memref.store %yes, %bits[%c0] : memref<5xi1>
  memref.copy %x, %halves : memref<3xbf16> to memref<3xbf16>
  memref.store %zero, %number[] : memref<f32>
  return
}

// -----

// A part that threads divide among them is on the stack of the one that
// computes it: once at the start of the part, in whatever loop it is used.
// %t and %u share it.
// CHECK-NOT:   memref.global
// CHECK-LABEL: func @threads(
// CHECK:         scf.forall
// CHECK:           %[[STACK:.+]] = memref.alloca() {alignment = 64 : i64} : memref<32xi8>
// CHECK-NOT:       memref.alloca
// CHECK:           scf.for
// CHECK:             %[[T:.+]] = memref.view %[[STACK]][%{{.+}}][] : memref<32xi8> to memref<8xf32>
// CHECK:             linalg.fill {{.*}} outs(%[[T]] :
// CHECK:             memref.copy %[[T]]
// CHECK:             memref.view %[[STACK]][%{{.+}}][] : memref<32xi8> to memref<4xf32>
//
// An arena has no part in that.
// ARENA:       @threads_arena_bytes : memref<i64> = dense<0>
// ARENA:         scf.forall
// ARENA:           memref.alloca() {alignment = 64 : i64} : memref<32xi8>
func.func @threads(%x: memref<4x8xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %zero = arith.constant 0.0 : f32
  scf.forall (%i) in (4) {
    scf.for %j = %c0 to %c4 step %c1 {
      %t = memref.alloc() : memref<8xf32>
      linalg.fill ins(%zero : f32) outs(%t : memref<8xf32>)
      %row = memref.subview %x[%i, 0] [1, 8] [1, 1]
          : memref<4x8xf32> to memref<8xf32, strided<[1], offset: ?>>
      memref.copy %t, %row
          : memref<8xf32> to memref<8xf32, strided<[1], offset: ?>>
      %u = memref.alloc() : memref<4xf32>
      memref.store %zero, %u[%j] : memref<4xf32>
    }
  }
  return
}

// -----

// The last of 120 columns, in parts of 64, are fewer than 64. The context says
// how many tokens there are, and nothing of that.
// CHECK-LABEL: func @last_part(
// CHECK:         memref.alloca() {alignment = 64 : i64} : memref<256xi8>
// ARENA-LABEL: func @last_part(
// ARENA:         memref.alloca() {alignment = 64 : i64} : memref<256xi8>
func.func @last_part(%x: memref<120xf32>)
    attributes {gpt2.context = 7 : index} {
  %zero = arith.constant 0.0 : f32
  scf.forall (%i) = (0) to (120) step (64) {
    %n = affine.min affine_map<(d0) -> (-d0 + 120, 64)>(%i)
    %a = memref.alloc(%n) : memref<?xf32>
    linalg.fill ins(%zero : f32) outs(%a : memref<?xf32>)
    %part = memref.subview %x[%i] [%n] [1]
        : memref<120xf32> to memref<?xf32, strided<[1], offset: ?>>
    memref.copy %a, %part
        : memref<?xf32> to memref<?xf32, strided<[1], offset: ?>>
  }
  return
}

// -----

// A size that is computed from the tokens': two more than 10, in blocks of 4,
// are 3 blocks; and the tokens up to the one at hand are no more than all.
// CHECK-DAG:   memref.global "private" @{{.+}} : memref<12xi8>
// CHECK-DAG:   memref.global "private" @{{.+}} : memref<40xi8>
// CHECK-LABEL: func @computed_sizes(
// ARENA:       @computed_sizes_arena_bytes : memref<i64> = dense<512>
func.func @computed_sizes(%n: index) attributes {gpt2.context = 10 : i64} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  %blocks = affine.apply affine_map<(d0) -> ((d0 + 2) ceildiv 4)>(%n)
  %a = memref.alloc(%blocks) : memref<?xf32>
  scf.for %i = %c0 to %n step %c1 {
    %b = memref.alloc(%i) : memref<?xf32>
    linalg.fill ins(%zero : f32) outs(%b : memref<?xf32>)
    memref.store %zero, %a[%c0] : memref<?xf32>
  }
  return
}

// -----

// Each function has places of its own, and so has each its arena. One without
// buffers needs nothing; its caller gives it an empty arena all the same. What
// is declared only has no buffers here.
// CHECK:       func @first(
// CHECK:         memref.get_global @[[OF_FIRST:.+]] : memref<32xi8>
// CHECK:       func @second(
// CHECK-NOT:     memref.get_global @[[OF_FIRST]] :
// CHECK:         memref.get_global @{{.+}} : memref<32xi8>
// CHECK:       func @none(%{{.+}}: memref<8xf32>) {
// CHECK:       func private @declared(memref<8xf32>)
// ARENA-DAG:   @first_arena_bytes : memref<i64> = dense<256>
// ARENA-DAG:   @second_arena_bytes : memref<i64> = dense<256>
// ARENA-DAG:   @none_arena_bytes : memref<i64> = dense<0>
// ARENA:       func.func @none(%{{.+}}: memref<8xf32>, %{{.+}}: memref<0xi8>)
// ARENA:       func.func private @declared(memref<8xf32>)
func.func @first(%x: memref<8xf32>) {
  %a = memref.alloc() : memref<8xf32>
  memref.copy %x, %a : memref<8xf32> to memref<8xf32>
  memref.copy %a, %x : memref<8xf32> to memref<8xf32>
  return
}
func.func @second(%x: memref<8xf32>) {
  %a = memref.alloc() : memref<8xf32>
  memref.copy %x, %a : memref<8xf32> to memref<8xf32>
  memref.copy %a, %x : memref<8xf32> to memref<8xf32>
  return
}
func.func @none(%x: memref<8xf32>) {
  return
}
func.func private @declared(memref<8xf32>)

// -----

// Nothing to plan: nothing changes.
// CHECK-NOT:   memref.global
// CHECK-LABEL: func @stack_only(
// CHECK-NEXT:    memref.alloca() : memref<8xf32>
// CHECK-NEXT:    return
func.func @stack_only() {
  %a = memref.alloca() : memref<8xf32>
  return
}

// -----

// How many tokens there are at most, nobody says.
func.func @no_bound(%n: index, %v: f32) {
  %c0 = arith.constant 0 : index
  // expected-error @below {{the size of this buffer has no bound; expected gpt2.context on the function}}
  %a = memref.alloc(%n) : memref<?xf32>
  memref.store %v, %a[%c0] : memref<?xf32>
  return
}

// -----

// Behind the branch the buffer is called %r, and perhaps is not this one.
func.func @leaves_block(%x: memref<8xf32>, %p: i1) {
  %r = scf.if %p -> memref<8xf32> {
    // expected-error @below {{reuse-buffers cannot follow this buffer out of its block}}
    %a = memref.alloc() : memref<8xf32>
    // expected-note @below {{it leaves here}}
    scf.yield %a : memref<8xf32>
  } else {
    scf.yield %x : memref<8xf32>
  }
  memref.copy %r, %x : memref<8xf32> to memref<8xf32>
  return
}

// -----

// The caller would get a place that the next call writes to, even as a view.
func.func @returned() -> memref<4xf32, strided<[1]>> {
  // expected-error @below {{reuse-buffers cannot follow this buffer out of its block}}
  %a = memref.alloc() : memref<8xf32>
  %part = memref.subview %a[0] [4] [1]
      : memref<8xf32> to memref<4xf32, strided<[1]>>
  // expected-note @below {{it leaves here}}
  return %part : memref<4xf32, strided<[1]>>
}

// -----

// A layout of its own may need more bytes than its elements have.
func.func @layout(%v: f32) {
  %c0 = arith.constant 0 : index
  // expected-error @below {{reuse-buffers knows dense buffers only}}
  %a = memref.alloc() : memref<4x4xf32, affine_map<(i, j) -> (j, i)>>
  memref.store %v, %a[%c0, %c0] : memref<4x4xf32, affine_map<(i, j) -> (j, i)>>
  return
}
