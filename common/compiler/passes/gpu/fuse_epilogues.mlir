// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: gpt2-opt %s --fuse-epilogues --split-input-file | FileCheck %s

#id = affine_map<(i) -> (i)>

// The kernel stores 2 x into %b, and y - b is stored into %y: the thread that
// has the element of %b goes on with it, and %b is gone.
// CHECK-LABEL: func @subtract
// CHECK-SAME:    (%[[X:[a-z0-9]+]]: memref<8xf32>, %[[Y:[a-z0-9]+]]: memref<8xf32>)
// CHECK-NOT:     memref.alloc
// CHECK:         gpu.launch {{.*}} threads(%[[I:[a-z0-9]+]],
// CHECK:           %[[V:.+]] = memref.load %[[X]][%[[I]]]
// CHECK-NEXT:      %[[NEW:.+]] = arith.addf %[[V]], %[[V]] : f32
// CHECK-NEXT:      %[[OLD:.+]] = memref.load %[[Y]][%[[I]]]
// CHECK-NEXT:      %[[D:.+]] = arith.subf %[[OLD]], %[[NEW]] : f32
// CHECK-NEXT:      memref.store %[[D]], %[[Y]][%[[I]]]
// CHECK-NEXT:      gpu.terminator
// CHECK-NOT:     linalg.generic
// CHECK:         return
func.func @subtract(%x: memref<8xf32>, %y: memref<8xf32>) {
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %b = memref.alloc() : memref<8xf32>
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
      threads(%i, %ty, %tz) in (%sx = %c8, %sy = %c1, %sz = %c1) {
    %v = memref.load %x[%i] : memref<8xf32>
    %w = arith.addf %v, %v : f32
    memref.store %w, %b[%i] : memref<8xf32>
    gpu.terminator
  }
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%b : memref<8xf32>) outs(%y : memref<8xf32>) {
  ^bb0(%new: f32, %old: f32):
    %d = arith.subf %old, %new : f32
    linalg.yield %d : f32
  }
  return
}

// What the operation needs is made between the two: the kernel needs it now.
// What was in %other is not read, for nothing is done with it.
// CHECK-LABEL: func @made_between
// CHECK-SAME:    (%[[X:[a-z0-9]+]]: memref<8xf32>, %[[Z:[a-z0-9]+]]: memref<8xf32>)
// CHECK:         %[[OTHER:.+]] = memref.alloc
// CHECK:         gpu.launch {{.*}} threads(%[[I:[a-z0-9]+]],
// CHECK-NEXT:      %[[V:.+]] = memref.load %[[X]][%[[I]]]
// CHECK-NEXT:      %[[A:.+]] = memref.load %[[Z]][%[[I]]]
// CHECK-NEXT:      %[[S:.+]] = arith.addf %[[V]], %[[A]]
// CHECK-NEXT:      memref.store %[[S]], %[[OTHER]][%[[I]]]
// CHECK-NEXT:      gpu.terminator
// CHECK-NOT:     linalg.generic
// CHECK-NOT:     memref.alloc
// CHECK:         return
func.func @made_between(%x: memref<8xf32>, %z: memref<8xf32>) {
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %b = memref.alloc() : memref<8xf32>
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
      threads(%i, %ty, %tz) in (%sx = %c8, %sy = %c1, %sz = %c1) {
    %v = memref.load %x[%i] : memref<8xf32>
    memref.store %v, %b[%i] : memref<8xf32>
    gpu.terminator
  }
  %c2 = arith.constant 2 : index
  %other = memref.alloc() : memref<8xf32>
  linalg.generic {indexing_maps = [#id, #id, #id],
                  iterator_types = ["parallel"]}
      ins(%b, %z : memref<8xf32>, memref<8xf32>) outs(%other : memref<8xf32>) {
  ^bb0(%new: f32, %a: f32, %unread: f32):
    %s = arith.addf %new, %a : f32
    linalg.yield %s : f32
  }
  %kept = memref.load %other[%c2] : memref<8xf32>
  memref.store %kept, %x[%c2] : memref<8xf32>
  return
}

// An activation, and a sum with the rows that were there before: two behind
// one another, on rows whose number is open.
// CHECK-LABEL: func @two
// CHECK-SAME:    (%[[X:[a-z0-9]+]]: memref<?x8xf32>, %[[Y:[a-z0-9]+]]: memref<?x8xf32>, %[[T:[a-z0-9]+]]: index)
// CHECK-NOT:     memref.alloc
// CHECK:         gpu.launch blocks(%[[I:[a-z0-9]+]], {{.*}} threads(%[[J:[a-z0-9]+]],
// CHECK-NEXT:      %[[V:.+]] = memref.load %[[X]][%[[I]], %[[J]]]
// CHECK-NEXT:      %[[A:.+]] = math.tanh %[[V]]
// CHECK-NEXT:      %[[OLD:.+]] = memref.load %[[Y]][%[[I]], %[[J]]]
// CHECK-NEXT:      %[[S:.+]] = arith.addf %[[OLD]], %[[A]]
// CHECK-NEXT:      memref.store %[[S]], %[[Y]][%[[I]], %[[J]]]
// CHECK-NEXT:      gpu.terminator
// CHECK-NOT:     linalg.generic
// CHECK:         return
#ij = affine_map<(i, j) -> (i, j)>
func.func @two(%x: memref<?x8xf32>, %y: memref<?x8xf32>, %T: index) {
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %b = memref.alloc(%T) : memref<?x8xf32>
  gpu.launch blocks(%i, %by, %bz) in (%gx = %T, %gy = %c1, %gz = %c1)
      threads(%j, %ty, %tz) in (%sx = %c8, %sy = %c1, %sz = %c1) {
    %v = memref.load %x[%i, %j] : memref<?x8xf32>
    memref.store %v, %b[%i, %j] : memref<?x8xf32>
    gpu.terminator
  }
  %a = memref.alloc(%T) : memref<?x8xf32>
  linalg.generic {indexing_maps = [#ij, #ij],
                  iterator_types = ["parallel", "parallel"]}
      ins(%b : memref<?x8xf32>) outs(%a : memref<?x8xf32>) {
  ^bb0(%new: f32, %unread: f32):
    %t = math.tanh %new : f32
    linalg.yield %t : f32
  }
  linalg.generic {indexing_maps = [#ij, #ij],
                  iterator_types = ["parallel", "parallel"]}
      ins(%a : memref<?x8xf32>) outs(%y : memref<?x8xf32>) {
  ^bb0(%new: f32, %old: f32):
    %s = arith.addf %old, %new : f32
    linalg.yield %s : f32
  }
  return
}

// -----

#id = affine_map<(i) -> (i)>
#elementwise = {indexing_maps = [#id, #id], iterator_types = ["parallel"]}

// The kernel's result is read again.
// CHECK-LABEL: func @read_again(
// CHECK:         %[[B:.+]] = memref.alloc()
// CHECK:           memref.store %{{.+}}, %[[B]]
// CHECK:         linalg.generic {{.*}} ins(%[[B]]
func.func @read_again(%x: memref<8xf32>, %y: memref<8xf32>, %n: index) {
  %b = memref.alloc() : memref<8xf32>
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %n, %gy = %n, %gz = %n)
      threads(%i, %ty, %tz) in (%sx = %n, %sy = %n, %sz = %n) {
    %v = memref.load %x[%i] : memref<8xf32>
    memref.store %v, %b[%i] : memref<8xf32>
    gpu.terminator
  }
  linalg.generic #elementwise
      ins(%b : memref<8xf32>) outs(%y : memref<8xf32>) {
  ^bb0(%new: f32, %old: f32):
    %d = arith.subf %old, %new : f32
    linalg.yield %d : f32
  }
  %again = memref.load %b[%n] : memref<8xf32>
  memref.store %again, %x[%n] : memref<8xf32>
  return
}

// Memory is written in between: %y is another before the kernel.
// CHECK-LABEL: func @written_between(
// CHECK:         %[[B:.+]] = memref.alloc()
// CHECK:           memref.store %{{.+}}, %[[B]]
// CHECK:         linalg.generic {{.*}} ins(%[[B]]
func.func @written_between(%x: memref<8xf32>, %y: memref<8xf32>, %n: index) {
  %b = memref.alloc() : memref<8xf32>
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %n, %gy = %n, %gz = %n)
      threads(%i, %ty, %tz) in (%sx = %n, %sy = %n, %sz = %n) {
    %v = memref.load %x[%i] : memref<8xf32>
    memref.store %v, %b[%i] : memref<8xf32>
    gpu.terminator
  }
  %one = arith.constant 1.0 : f32
  memref.store %one, %y[%n] : memref<8xf32>
  linalg.generic #elementwise
      ins(%b : memref<8xf32>) outs(%y : memref<8xf32>) {
  ^bb0(%new: f32, %old: f32):
    %d = arith.subf %old, %new : f32
    linalg.yield %d : f32
  }
  return
}

// Another thread may read %y when this one has written to it,
// CHECK-LABEL: func @kernel_reads(
// CHECK:         %[[B:.+]] = memref.alloc()
// CHECK:           memref.store %{{.+}}, %[[B]]
// CHECK:         linalg.generic {{.*}} ins(%[[B]]
func.func @kernel_reads(%x: memref<8xf32>, %y: memref<8xf32>, %n: index) {
  %b = memref.alloc() : memref<8xf32>
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %n, %gy = %n, %gz = %n)
      threads(%i, %ty, %tz) in (%sx = %n, %sy = %n, %sz = %n) {
    %v = memref.load %y[%i] : memref<8xf32>
    memref.store %v, %b[%i] : memref<8xf32>
    gpu.terminator
  }
  linalg.generic #elementwise
      ins(%b : memref<8xf32>) outs(%y : memref<8xf32>) {
  ^bb0(%new: f32, %old: f32):
    %d = arith.subf %old, %new : f32
    linalg.yield %d : f32
  }
  return
}

// and through a view of %y, too.
// CHECK-LABEL: func @kernel_reads_view(
// CHECK:         %[[B:.+]] = memref.alloc()
// CHECK:           memref.store %{{.+}}, %[[B]]
// CHECK:         linalg.generic {{.*}} ins(%[[B]]
func.func @kernel_reads_view(%x: memref<8xf32>, %y: memref<8xf32>, %n: index) {
  %view = memref.expand_shape %y [[0, 1]] output_shape [2, 4]
      : memref<8xf32> into memref<2x4xf32>
  %b = memref.alloc() : memref<8xf32>
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %n, %gy = %n, %gz = %n)
      threads(%i, %ty, %tz) in (%sx = %n, %sy = %n, %sz = %n) {
    %v = memref.load %view[%ty, %i] : memref<2x4xf32>
    memref.store %v, %b[%i] : memref<8xf32>
    gpu.terminator
  }
  linalg.generic #elementwise
      ins(%b : memref<8xf32>) outs(%y : memref<8xf32>) {
  ^bb0(%new: f32, %old: f32):
    %d = arith.subf %old, %new : f32
    linalg.yield %d : f32
  }
  return
}

// Elements change places on the way.
// CHECK-LABEL: func @reversed(
// CHECK:         %[[B:.+]] = memref.alloc()
// CHECK:           memref.store %{{.+}}, %[[B]]
// CHECK:         linalg.generic {{.*}} ins(%[[B]]
func.func @reversed(%x: memref<8xf32>, %y: memref<8xf32>, %n: index) {
  %b = memref.alloc() : memref<8xf32>
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %n, %gy = %n, %gz = %n)
      threads(%i, %ty, %tz) in (%sx = %n, %sy = %n, %sz = %n) {
    %v = memref.load %x[%i] : memref<8xf32>
    memref.store %v, %b[%i] : memref<8xf32>
    gpu.terminator
  }
  linalg.generic {
      indexing_maps = [affine_map<(i) -> (7 - i)>, #id],
      iterator_types = ["parallel"]}
      ins(%b : memref<8xf32>) outs(%y : memref<8xf32>) {
  ^bb0(%new: f32, %old: f32):
    %d = arith.subf %old, %new : f32
    linalg.yield %d : f32
  }
  return
}

// The result is a sum: no single thread has it.
// CHECK-LABEL: func @sum(
// CHECK:         %[[B:.+]] = memref.alloc()
// CHECK:           memref.store %{{.+}}, %[[B]]
// CHECK:         linalg.generic {{.*}} ins(%[[B]]
func.func @sum(%x: memref<8xf32>, %y: memref<8xf32>, %n: index) {
  %b = memref.alloc() : memref<8xf32>
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %n, %gy = %n, %gz = %n)
      threads(%i, %ty, %tz) in (%sx = %n, %sy = %n, %sz = %n) {
    %v = memref.load %x[%i] : memref<8xf32>
    memref.store %v, %b[%i] : memref<8xf32>
    gpu.terminator
  }
  linalg.generic {
      indexing_maps = [#id, #id], iterator_types = ["reduction"]}
      ins(%b : memref<8xf32>) outs(%y : memref<8xf32>) {
  ^bb0(%new: f32, %old: f32):
    %d = arith.subf %old, %new : f32
    linalg.yield %d : f32
  }
  return
}

// What is done to an element depends on its place.
// CHECK-LABEL: func @index(
// CHECK:         %[[B:.+]] = memref.alloc()
// CHECK:           memref.store %{{.+}}, %[[B]]
// CHECK:         linalg.generic {{.*}} ins(%[[B]]
func.func @index(%x: memref<8xf32>, %y: memref<8xf32>, %n: index) {
  %b = memref.alloc() : memref<8xf32>
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %n, %gy = %n, %gz = %n)
      threads(%i, %ty, %tz) in (%sx = %n, %sy = %n, %sz = %n) {
    %v = memref.load %x[%i] : memref<8xf32>
    memref.store %v, %b[%i] : memref<8xf32>
    gpu.terminator
  }
  linalg.generic #elementwise
      ins(%b : memref<8xf32>) outs(%y : memref<8xf32>) {
  ^bb0(%new: f32, %old: f32):
    %place = linalg.index 0 : index
    %is_n = arith.cmpi eq, %place, %n : index
    %d = arith.select %is_n, %old, %new : f32
    linalg.yield %d : f32
  }
  return
}

// One operation with two results.
// CHECK-LABEL: func @two_results(
// CHECK:         %[[B:.+]] = memref.alloc()
// CHECK:           memref.store %{{.+}}, %[[B]]
// CHECK:         linalg.generic {{.*}} ins(%[[B]]
func.func @two_results(%x: memref<8xf32>, %y: memref<8xf32>, %n: index) {
  %b = memref.alloc() : memref<8xf32>
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %n, %gy = %n, %gz = %n)
      threads(%i, %ty, %tz) in (%sx = %n, %sy = %n, %sz = %n) {
    %v = memref.load %x[%i] : memref<8xf32>
    memref.store %v, %b[%i] : memref<8xf32>
    gpu.terminator
  }
  linalg.generic {indexing_maps = [#id, #id, #id],
                  iterator_types = ["parallel"]}
      ins(%b : memref<8xf32>) outs(%y, %x : memref<8xf32>, memref<8xf32>) {
  ^bb0(%new: f32, %old: f32, %older: f32):
    linalg.yield %new, %new : f32, f32
  }
  return
}

// Two stores, of which only one would go on.
// CHECK-LABEL: func @two_stores(
// CHECK:         %[[B:.+]] = memref.alloc()
// CHECK:           memref.store %{{.+}}, %[[B]]
// CHECK:         linalg.generic {{.*}} ins(%[[B]]
func.func @two_stores(%x: memref<8xf32>, %y: memref<8xf32>, %n: index) {
  %b = memref.alloc() : memref<8xf32>
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %n, %gy = %n, %gz = %n)
      threads(%i, %ty, %tz) in (%sx = %n, %sy = %n, %sz = %n) {
    %v = memref.load %x[%i] : memref<8xf32>
    memref.store %v, %b[%i] : memref<8xf32>
    memref.store %v, %b[%ty] : memref<8xf32>
    gpu.terminator
  }
  linalg.generic #elementwise
      ins(%b : memref<8xf32>) outs(%y : memref<8xf32>) {
  ^bb0(%new: f32, %old: f32):
    %d = arith.subf %old, %new : f32
    linalg.yield %d : f32
  }
  return
}

// The operation writes to the buffer; nothing reads it.
// CHECK-LABEL: func @into_buffer(
// CHECK:         %[[B:.+]] = memref.alloc()
// CHECK:           memref.store %{{.+}}, %[[B]]
// CHECK:         linalg.generic {{.*}} outs(%[[B]]
func.func @into_buffer(%x: memref<8xf32>, %y: memref<8xf32>, %n: index) {
  %b = memref.alloc() : memref<8xf32>
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %n, %gy = %n, %gz = %n)
      threads(%i, %ty, %tz) in (%sx = %n, %sy = %n, %sz = %n) {
    %v = memref.load %x[%i] : memref<8xf32>
    memref.store %v, %b[%i] : memref<8xf32>
    gpu.terminator
  }
  linalg.generic #elementwise
      ins(%y : memref<8xf32>) outs(%b : memref<8xf32>) {
  ^bb0(%new: f32, %old: f32):
    %d = arith.subf %old, %new : f32
    linalg.yield %d : f32
  }
  return
}

// The operation stands before the kernel: it reads what was there before.
// CHECK-LABEL: func @before(
// CHECK:         %[[B:.+]] = memref.alloc()
// CHECK:         linalg.generic {{.*}} ins(%[[B]]
// CHECK:         gpu.launch
// CHECK:           memref.store %{{.+}}, %[[B]]
func.func @before(%y: memref<8xf32>, %v: f32, %n: index) {
  %b = memref.alloc() : memref<8xf32>
  linalg.generic #elementwise
      ins(%b : memref<8xf32>) outs(%y : memref<8xf32>) {
  ^bb0(%new: f32, %old: f32):
    %d = arith.subf %old, %new : f32
    linalg.yield %d : f32
  }
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %n, %gy = %n, %gz = %n)
      threads(%i, %ty, %tz) in (%sx = %n, %sy = %n, %sz = %n) {
    memref.store %v, %b[%i] : memref<8xf32>
    gpu.terminator
  }
  return
}

// There is no kernel: a loop on the host stores.
// CHECK-LABEL: func @host(
// CHECK:         %[[B:.+]] = memref.alloc()
// CHECK:           memref.store %{{.+}}, %[[B]]
// CHECK:         linalg.generic {{.*}} ins(%[[B]]
func.func @host(%y: memref<8xf32>, %v: f32, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %b = memref.alloc() : memref<8xf32>
  scf.for %i = %c0 to %n step %c1 {
    memref.store %v, %b[%i] : memref<8xf32>
  }
  linalg.generic #elementwise
      ins(%b : memref<8xf32>) outs(%y : memref<8xf32>) {
  ^bb0(%new: f32, %old: f32):
    %d = arith.subf %old, %new : f32
    linalg.yield %d : f32
  }
  return
}
