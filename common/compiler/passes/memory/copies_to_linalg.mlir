// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: gpt2-opt %s --copies-to-linalg | FileCheck %s

// A copy between views is a loop over both that yields what it reads.
// CHECK:       #[[SAME:.+]] = affine_map<(d0, d1) -> (d0, d1)>
// CHECK-LABEL: func @into_view
// CHECK-SAME:    (%[[X:.+]]: memref<2x3xf32>, %[[Y:.+]]: memref<2x3xf32, strided<[9, 1]>>)
// CHECK-NEXT:    linalg.generic
// CHECK-SAME:      indexing_maps = [#[[SAME]], #[[SAME]]]
// CHECK-SAME:      iterator_types = ["parallel", "parallel"]
// CHECK-SAME:      ins(%[[X]] : memref<2x3xf32>)
// CHECK-SAME:      outs(%[[Y]] : memref<2x3xf32, strided<[9, 1]>>)
// CHECK-NEXT:    ^bb0(%[[IN:.+]]: f32, %{{.+}}: f32):
// CHECK-NEXT:      linalg.yield %[[IN]] : f32
// CHECK-NEXT:    }
// CHECK-NEXT:    return
func.func @into_view(%x: memref<2x3xf32>,
                     %y: memref<2x3xf32, strided<[9, 1]>>) {
  memref.copy %x, %y : memref<2x3xf32> to memref<2x3xf32, strided<[9, 1]>>
  return
}

// Sizes and places may be open.
// CHECK-LABEL: func @open_sizes
// CHECK-SAME:    (%[[X:.+]]: memref<?x4xbf16>, %[[Y:.+]]: memref<?x4xbf16, strided<[?, 1], offset: ?>>)
// CHECK-NEXT:    linalg.generic
// CHECK-SAME:      ins(%[[X]] : memref<?x4xbf16>)
// CHECK-SAME:      outs(%[[Y]] : memref<?x4xbf16, strided<[?, 1], offset: ?>>)
// CHECK-NOT:     memref.copy
func.func @open_sizes(%x: memref<?x4xbf16>,
                      %y: memref<?x4xbf16, strided<[?, 1], offset: ?>>) {
  memref.copy %x, %y
      : memref<?x4xbf16> to memref<?x4xbf16, strided<[?, 1], offset: ?>>
  return
}

// A single number is a loop over nothing.
// CHECK-LABEL: func @one_number
// CHECK-NEXT:    linalg.generic {{.*}}iterator_types = []
// CHECK-NEXT:    ^bb0(%[[IN:.+]]: f32, %{{.+}}: f32):
// CHECK-NEXT:      linalg.yield %[[IN]]
func.func @one_number(%x: memref<f32>, %y: memref<f32>) {
  memref.copy %x, %y : memref<f32> to memref<f32>
  return
}

// Two in a row keep their order, one of them in a kernel.
// CHECK-LABEL: func @in_kernel
// CHECK-SAME:    (%[[X:[a-z0-9]+]]: memref<8xf32>, %[[Y:[a-z0-9]+]]: memref<8xf32>,
// CHECK-NOT:     memref.copy
// CHECK:         linalg.generic {{.*}} ins(%[[X]] : {{.*}} outs(%[[Y]] :
// CHECK-NOT:     memref.copy
// CHECK:         gpu.launch
// CHECK:           linalg.generic {{.*}} ins(%[[Y]] : {{.*}} outs(%[[X]] :
// CHECK-NOT:     memref.copy
// CHECK:           gpu.terminator
func.func @in_kernel(%x: memref<8xf32>, %y: memref<8xf32>, %one: index) {
  memref.copy %x, %y : memref<8xf32> to memref<8xf32>
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %one, %gy = %one, %gz = %one)
      threads(%tx, %ty, %tz) in (%sx = %one, %sy = %one, %sz = %one) {
    memref.copy %y, %x : memref<8xf32> to memref<8xf32>
    gpu.terminator
  }
  return
}

// What brings memory to a device and back is the runtime's, and stays.
// CHECK-LABEL: func @to_device
// CHECK-NEXT:    gpu.memcpy
// CHECK-NEXT:    return
func.func @to_device(%x: memref<8xf32>, %y: memref<8xf32>) {
  gpu.memcpy %y, %x : memref<8xf32>, memref<8xf32>
  return
}
