// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: gpt2-opt %s --pass-pipeline="builtin.module(func.func(fuse-epilogues))" \
// RUN:   | FileCheck %s

#id = affine_map<(i, j) -> (i, j)>

// The kernel reads all of %m, in other rows than it stores: what is added to
// rows 4 to 7 would be read by threads that come later.
// CHECK-LABEL: func @part_of_what_is_read
// CHECK:         %[[B:.+]] = memref.alloc
// CHECK:         gpu.launch
// CHECK:           memref.load %{{.+}}[%{{.+}}, %{{.+}}] : memref<8x4xf32>
// CHECK:           memref.store %{{.+}}, %[[B]]
// CHECK:         linalg.generic
func.func @part_of_what_is_read(%m: memref<8x4xf32>) {
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %y = memref.subview %m[4, 0] [4, 4] [1, 1]
      : memref<8x4xf32> to memref<4x4xf32, strided<[4, 1], offset: 16>>
  %b = memref.alloc() : memref<4x4xf32>
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c4, %gy = %c1, %gz = %c1)
      threads(%t, %ty, %tz) in (%sx = %c4, %sy = %c1, %sz = %c1) {
    %row = arith.addi %t, %c4 : index
    %v = memref.load %m[%row, %bx] : memref<8x4xf32>
    memref.store %v, %b[%bx, %t] : memref<4x4xf32>
    gpu.terminator
  }
  linalg.generic {indexing_maps = [#id, #id],
                  iterator_types = ["parallel", "parallel"]}
      ins(%b : memref<4x4xf32>)
      outs(%y : memref<4x4xf32, strided<[4, 1], offset: 16>>) {
  ^bb0(%one: f32, %sum: f32):
    %s = arith.addf %one, %sum : f32
    linalg.yield %s : f32
  }
  return
}

// Two views of one buffer: the kernel reads the one, the sum goes to the other.
// CHECK-LABEL: func @two_views
// CHECK:         gpu.launch
// CHECK:         linalg.generic
func.func @two_views(%x: memref<16xf32>) {
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %m = memref.alloc() : memref<16xf32>
  memref.copy %x, %m : memref<16xf32> to memref<16xf32>
  %read = memref.expand_shape %m [[0, 1]] output_shape [4, 4]
      : memref<16xf32> into memref<4x4xf32>
  %y = memref.reinterpret_cast %m to offset: [0], sizes: [4, 4], strides: [4, 1]
      : memref<16xf32> to memref<4x4xf32>
  %b = memref.alloc() : memref<4x4xf32>
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c4, %gy = %c1, %gz = %c1)
      threads(%t, %ty, %tz) in (%sx = %c4, %sy = %c1, %sz = %c1) {
    %v = memref.load %read[%t, %bx] : memref<4x4xf32>
    memref.store %v, %b[%bx, %t] : memref<4x4xf32>
    gpu.terminator
  }
  linalg.generic {indexing_maps = [#id, #id],
                  iterator_types = ["parallel", "parallel"]}
      ins(%b : memref<4x4xf32>) outs(%y : memref<4x4xf32>) {
  ^bb0(%one: f32, %sum: f32):
    %s = arith.addf %one, %sum : f32
    linalg.yield %s : f32
  }
  memref.copy %m, %x : memref<16xf32> to memref<16xf32>
  return
}

// A loop's buffer has the name that it came by, too.
// CHECK-LABEL: func @carried
// CHECK:         gpu.launch
// CHECK:         linalg.generic
func.func @carried(%m: memref<4x4xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %b = memref.alloc() : memref<4x4xf32>
  scf.for %i = %c0 to %c4 step %c1 iter_args(%y = %m) -> (memref<4x4xf32>) {
    gpu.launch blocks(%bx, %by, %bz) in (%gx = %c4, %gy = %c1, %gz = %c1)
        threads(%t, %ty, %tz) in (%sx = %c4, %sy = %c1, %sz = %c1) {
      %v = memref.load %m[%t, %bx] : memref<4x4xf32>
      memref.store %v, %b[%bx, %t] : memref<4x4xf32>
      gpu.terminator
    }
    linalg.generic {indexing_maps = [#id, #id],
                    iterator_types = ["parallel", "parallel"]}
        ins(%b : memref<4x4xf32>) outs(%y : memref<4x4xf32>) {
    ^bb0(%one: f32, %sum: f32):
      %s = arith.addf %one, %sum : f32
      linalg.yield %s : f32
    }
    scf.yield %y : memref<4x4xf32>
  }
  return
}

// A view that the kernel does not see otherwise is written at once.
// CHECK-LABEL: func @part_of_another
// CHECK-NOT:     memref.alloc
// CHECK:         %[[Y:.+]] = memref.subview
// CHECK:         gpu.launch
// CHECK:           memref.load %[[Y]]
// CHECK:           arith.addf
// CHECK:           memref.store %{{.+}}, %[[Y]]
// CHECK-NOT:     linalg.generic
// CHECK:         return
func.func @part_of_another(%x: memref<4x4xf32>, %m: memref<8x4xf32>) {
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %y = memref.subview %m[4, 0] [4, 4] [1, 1]
      : memref<8x4xf32> to memref<4x4xf32, strided<[4, 1], offset: 16>>
  %b = memref.alloc() : memref<4x4xf32>
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c4, %gy = %c1, %gz = %c1)
      threads(%t, %ty, %tz) in (%sx = %c4, %sy = %c1, %sz = %c1) {
    %v = memref.load %x[%t, %bx] : memref<4x4xf32>
    memref.store %v, %b[%bx, %t] : memref<4x4xf32>
    gpu.terminator
  }
  linalg.generic {indexing_maps = [#id, #id],
                  iterator_types = ["parallel", "parallel"]}
      ins(%b : memref<4x4xf32>)
      outs(%y : memref<4x4xf32, strided<[4, 1], offset: 16>>) {
  ^bb0(%one: f32, %sum: f32):
    %s = arith.addf %one, %sum : f32
    linalg.yield %s : f32
  }
  return
}
