// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: gpt2-opt %s --write-in-place | FileCheck %s

// A kernel's result goes to row %i of %out and nowhere else: the kernel stores
// it there.
// CHECK-LABEL: func @row
// CHECK-SAME:    (%[[OUT:.+]]: memref<3x8xf32>, %[[X:.+]]: memref<8xf32>, %[[I:.+]]: index)
// CHECK-NOT:     memref.alloc
// CHECK:         %[[ROW:.+]] = memref.subview %[[OUT]][%[[I]], 0] [1, 8] [1, 1]
// CHECK:         gpu.launch {{.*}} threads(%[[T:[a-z0-9]+]],
// CHECK:           %[[V:.+]] = memref.load %[[X]][%[[T]]]
// CHECK:           memref.store %[[V]], %[[ROW]][%[[T]]] : memref<8xf32, strided<[1], offset: ?>>
// CHECK-NOT:     memref.copy
// CHECK:         return
func.func @row(%out: memref<3x8xf32>, %x: memref<8xf32>, %i: index) {
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %y = memref.alloc() : memref<8xf32>
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
      threads(%tx, %ty, %tz) in (%sx = %c8, %sy = %c1, %sz = %c1) {
    %v = memref.load %x[%tx] : memref<8xf32>
    memref.store %v, %y[%tx] : memref<8xf32>
    gpu.terminator
  }
  %slice = memref.subview %out[%i, 0] [1, 8] [1, 1]
      : memref<3x8xf32> to memref<8xf32, strided<[1], offset: ?>>
  memref.copy %y, %slice
      : memref<8xf32> to memref<8xf32, strided<[1], offset: ?>>
  return
}

// Keys and values, rows %p of two caches and as many as there are new ones.
// The kernel reads what it stored before.
// CHECK-LABEL: func @keys_and_values
// CHECK-SAME:    (%[[KEYS:[a-z0-9]+]]: memref<?x8xf32>, %[[VALUES:[a-z0-9]+]]: memref<?x8xf32>,
// CHECK-NOT:     memref.alloc
// CHECK-DAG:     %[[K:.+]] = memref.subview %[[KEYS]]
// CHECK-DAG:     %[[W:.+]] = memref.subview %[[VALUES]]
// CHECK:         scf.for
// CHECK-NEXT:      memref.store %{{.+}}, %[[K]]
// CHECK-NEXT:      %[[OLD:.+]] = memref.load %[[K]]
// CHECK-NEXT:      memref.store %[[OLD]], %[[W]]
// CHECK-NOT:     memref.copy
// CHECK:         return
func.func @keys_and_values(%keys: memref<?x8xf32>, %values: memref<?x8xf32>,
                           %v: f32, %p: index, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %k = memref.alloc(%n) : memref<?x8xf32>
  %w = memref.alloc(%n) : memref<?x8xf32>
  scf.for %i = %c0 to %n step %c1 {
    memref.store %v, %k[%i, %c0] : memref<?x8xf32>
    %old = memref.load %k[%i, %c0] : memref<?x8xf32>
    memref.store %old, %w[%i, %c0] : memref<?x8xf32>
  }
  %new_keys = memref.subview %keys[%p, 0] [%n, 8] [1, 1]
      : memref<?x8xf32> to memref<?x8xf32, strided<[8, 1], offset: ?>>
  memref.copy %k, %new_keys
      : memref<?x8xf32> to memref<?x8xf32, strided<[8, 1], offset: ?>>
  %new_values = memref.subview %values[%p, 0] [%n, 8] [1, 1]
      : memref<?x8xf32> to memref<?x8xf32, strided<[8, 1], offset: ?>>
  memref.copy %w, %new_values
      : memref<?x8xf32> to memref<?x8xf32, strided<[8, 1], offset: ?>>
  return
}

// The result is read again behind the copy.
// CHECK-LABEL: func @read_again
// CHECK:         %[[Y:.+]] = memref.alloc
// CHECK:         memref.copy %[[Y]]
func.func @read_again(%out: memref<3x8xf32>, %x: memref<8xf32>, %v: f32) {
  %c0 = arith.constant 0 : index
  %y = memref.alloc() : memref<8xf32>
  memref.store %v, %y[%c0] : memref<8xf32>
  %slice = memref.subview %out[2, 0] [1, 8] [1, 1]
      : memref<3x8xf32> to memref<8xf32, strided<[1], offset: 16>>
  memref.copy %y, %slice
      : memref<8xf32> to memref<8xf32, strided<[1], offset: 16>>
  %again = memref.load %y[%c0] : memref<8xf32>
  memref.store %again, %x[%c0] : memref<8xf32>
  return
}

// The destination's old elements are read before the copy, through a view that
// is not the destination's own.
// CHECK-LABEL: func @old_is_read
// CHECK:         %[[Y:.+]] = memref.alloc
// CHECK:         memref.copy %[[Y]]
func.func @old_is_read(%out: memref<3x8xf32>, %x: memref<8xf32>, %v: f32) {
  %c0 = arith.constant 0 : index
  %all = memref.collapse_shape %out [[0, 1]]
      : memref<3x8xf32> into memref<24xf32>
  %y = memref.alloc() : memref<8xf32>
  memref.store %v, %y[%c0] : memref<8xf32>
  %old = memref.load %all[%c0] : memref<24xf32>
  memref.store %old, %x[%c0] : memref<8xf32>
  %slice = memref.subview %out[0, 0] [1, 8] [1, 1]
      : memref<3x8xf32> to memref<8xf32, strided<[1]>>
  memref.copy %y, %slice : memref<8xf32> to memref<8xf32, strided<[1]>>
  return
}

// A kernel reads the destination while it would write it: in a loop, too.
// CHECK-LABEL: func @kernel_reads
// CHECK:         %[[Y:.+]] = memref.alloc
// CHECK:         memref.copy %[[Y]]
func.func @kernel_reads(%out: memref<3x8xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %y = memref.alloc() : memref<8xf32>
  scf.for %i = %c0 to %c8 step %c1 {
    %v = memref.load %out[%c0, %i] : memref<3x8xf32>
    memref.store %v, %y[%i] : memref<8xf32>
  }
  %slice = memref.subview %out[0, 0] [1, 8] [1, 1]
      : memref<3x8xf32> to memref<8xf32, strided<[1]>>
  memref.copy %y, %slice : memref<8xf32> to memref<8xf32, strided<[1]>>
  return
}

// Where it is copied to is known only when the result is made.
// CHECK-LABEL: func @known_later
// CHECK:         %[[Y:.+]] = memref.alloc
// CHECK:         memref.copy %[[Y]]
func.func @known_later(%out: memref<3x8xf32>, %v: f32, %i: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %y = memref.alloc() : memref<8xf32>
  memref.store %v, %y[%c0] : memref<8xf32>
  %i2 = arith.addi %i, %c1 : index
  %slice = memref.subview %out[%i2, 0] [1, 8] [1, 1]
      : memref<3x8xf32> to memref<8xf32, strided<[1], offset: ?>>
  memref.copy %y, %slice
      : memref<8xf32> to memref<8xf32, strided<[1], offset: ?>>
  return
}

// The destination is memory of the function's own: a row of another buffer.
// CHECK-LABEL: func @no_argument
// CHECK:         %[[Y:.+]] = memref.alloc() : memref<8xf32>
// CHECK:         memref.copy %[[Y]]
func.func @no_argument(%v: f32) {
  %c0 = arith.constant 0 : index
  %out = memref.alloc() : memref<3x8xf32>
  %y = memref.alloc() : memref<8xf32>
  memref.store %v, %y[%c0] : memref<8xf32>
  %slice = memref.subview %out[0, 0] [1, 8] [1, 1]
      : memref<3x8xf32> to memref<8xf32, strided<[1]>>
  memref.copy %y, %slice : memref<8xf32> to memref<8xf32, strided<[1]>>
  return
}

// What happens to the result in a linalg operation, or to a view of it, is not
// looked into.
// CHECK-LABEL: func @other_users
// CHECK:         %[[Y:.+]] = memref.alloc
// CHECK:         memref.copy %[[Y]]
func.func @other_users(%out: memref<3x8xf32>, %v: f32) {
  %y = memref.alloc() : memref<8xf32>
  linalg.fill ins(%v : f32) outs(%y : memref<8xf32>)
  %slice = memref.subview %out[0, 0] [1, 8] [1, 1]
      : memref<3x8xf32> to memref<8xf32, strided<[1]>>
  memref.copy %y, %slice : memref<8xf32> to memref<8xf32, strided<[1]>>
  return
}

// The copy may not happen: then row %i keeps what it has.
// CHECK-LABEL: func @branch
// CHECK:         %[[Y:.+]] = memref.alloc
// CHECK:         scf.if
// CHECK:           memref.copy %[[Y]]
func.func @branch(%out: memref<3x8xf32>, %v: f32, %p: i1) {
  %c0 = arith.constant 0 : index
  %y = memref.alloc() : memref<8xf32>
  memref.store %v, %y[%c0] : memref<8xf32>
  %slice = memref.subview %out[0, 0] [1, 8] [1, 1]
      : memref<3x8xf32> to memref<8xf32, strided<[1]>>
  scf.if %p {
    memref.copy %y, %slice : memref<8xf32> to memref<8xf32, strided<[1]>>
  }
  return
}

// A buffer that nobody copies stays one.
// CHECK-LABEL: func @no_copy
// CHECK:         %[[Y:.+]] = memref.alloc
// CHECK:         memref.store %{{.+}}, %[[Y]]
func.func @no_copy(%v: f32) {
  %c0 = arith.constant 0 : index
  %y = memref.alloc() : memref<8xf32>
  memref.store %v, %y[%c0] : memref<8xf32>
  return
}
