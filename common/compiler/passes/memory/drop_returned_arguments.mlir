// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: gpt2-opt %s --drop-returned-arguments | FileCheck %s

// The caller has %a already. It does not have what is allocated here.
// CHECK-LABEL: func @one_of_two(
// CHECK-SAME:    %{{.+}}: memref<4xf32>) -> memref<4xf32> {
// CHECK:         %[[NEW:.+]] = memref.alloc
// CHECK:         return %[[NEW]] : memref<4xf32>
func.func @one_of_two(%a: memref<4xf32>) -> (memref<4xf32>, memref<4xf32>) {
  %new = memref.alloc() : memref<4xf32>
  return %a, %new : memref<4xf32>, memref<4xf32>
}

// Both caches that an entry updates, in whatever order it returns them.
// CHECK-LABEL: func @caches(
// CHECK-SAME:    %[[KEYS:.+]]: memref<?x64xf32>, %[[VALUES:.+]]: memref<?x64xf32>, %[[V:.+]]: f32, %[[P:.+]]: index) {
// CHECK-NEXT:    memref.store %[[V]], %[[KEYS]][%[[P]], %[[P]]]
// CHECK-NEXT:    memref.store %[[V]], %[[VALUES]][%[[P]], %[[P]]]
// CHECK-NEXT:    return{{$}}
func.func @caches(%keys: memref<?x64xf32>, %values: memref<?x64xf32>, %v: f32,
                  %p: index) -> (memref<?x64xf32>, memref<?x64xf32>) {
  memref.store %v, %keys[%p, %p] : memref<?x64xf32>
  memref.store %v, %values[%p, %p] : memref<?x64xf32>
  return %values, %keys : memref<?x64xf32>, memref<?x64xf32>
}

// A view of an argument says which part of it: the caller does not know that.
// CHECK-LABEL: func @view(
// CHECK-SAME:    -> memref<2xf32, strided<[1], offset: ?>> {
// CHECK:         %[[PART:.+]] = memref.subview
// CHECK:         return %[[PART]]
func.func @view(%a: memref<4xf32>, %i: index)
    -> memref<2xf32, strided<[1], offset: ?>> {
  %part = memref.subview %a[%i] [2] [1]
      : memref<4xf32> to memref<2xf32, strided<[1], offset: ?>>
  return %part : memref<2xf32, strided<[1], offset: ?>>
}

// A result's attributes go with it; those of the others stay with theirs.
// CHECK-LABEL: func @attributes(
// CHECK-SAME:    -> (f32 {test.second}) {
func.func @attributes(%a: memref<4xf32>)
    -> (memref<4xf32> {test.first}, f32 {test.second}) {
  %c0 = arith.constant 0 : index
  %v = memref.load %a[%c0] : memref<4xf32>
  return %a, %v : memref<4xf32>, f32
}

// Nothing to drop.
// CHECK-LABEL: func @nothing(
// CHECK-SAME:    %{{.+}}: memref<4xf32>) {
// CHECK-NEXT:    return{{$}}
func.func @nothing(%a: memref<4xf32>) {
  return
}

// A private function has callers that read its results: they stay.
// CHECK-LABEL: func @caller(
// CHECK:         call @private(%{{.+}}) : (memref<4xf32>) -> memref<4xf32>
// CHECK:       func private @private(%[[A:.+]]: memref<4xf32>) -> memref<4xf32> {
// CHECK-NEXT:    return %[[A]]
// CHECK:       func private @declared(memref<4xf32>) -> memref<4xf32>
func.func @caller(%a: memref<4xf32>, %v: f32) {
  %c0 = arith.constant 0 : index
  %b = call @private(%a) : (memref<4xf32>) -> memref<4xf32>
  memref.store %v, %b[%c0] : memref<4xf32>
  return
}
func.func private @private(%a: memref<4xf32>) -> memref<4xf32> {
  return %a : memref<4xf32>
}
func.func private @declared(memref<4xf32>) -> memref<4xf32>

// One block may return what another does not: results of several stay.
// CHECK-LABEL: func @two_blocks(
// CHECK-SAME:    -> memref<4xf32>
// CHECK:         return %{{.+}} : memref<4xf32>
// CHECK:         return %{{.+}} : memref<4xf32>
func.func @two_blocks(%a: memref<4xf32>, %b: memref<4xf32>, %c: i1)
    -> memref<4xf32> {
  cf.cond_br %c, ^one, ^other
^one:
  return %a : memref<4xf32>
^other:
  return %b : memref<4xf32>
}

// A number is no buffer, of which the caller would see what became.
// CHECK-LABEL: func @number(
// CHECK-SAME:    -> (index, vector<4xf32>) {
// CHECK:         return %{{.+}}, %{{.+}} : index, vector<4xf32>
func.func @number(%i: index, %a: memref<4xf32>, %v: vector<4xf32>)
    -> (index, memref<4xf32>, vector<4xf32>) {
  return %i, %a, %v : index, memref<4xf32>, vector<4xf32>
}

// A buffer of unknown rank is one.
// CHECK-LABEL: func @unranked(
// CHECK-SAME:    %{{.+}}: memref<*xf32>) {
func.func @unranked(%a: memref<*xf32>) -> memref<*xf32> {
  return %a : memref<*xf32>
}

// What does not come back returns nothing.
// CHECK-LABEL: func @ends(
// CHECK-SAME:    -> memref<4xf32> {
// CHECK-NEXT:    ub.unreachable
func.func @ends(%a: memref<4xf32>) -> memref<4xf32> {
  ub.unreachable
}
