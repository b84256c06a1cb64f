// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: gpt2-opt %s --set-subgroup-size=lanes=64 \
// RUN:   | FileCheck %s -DLANES=64 --implicit-check-not=gpu.subgroup_size
// RUN: gpt2-opt %s --set-subgroup-size \
// RUN:   | FileCheck %s -DLANES=32 --implicit-check-not=gpu.subgroup_size

// A subgroup's size is a constant where its kernel is launched, and in it:
// NVIDIA's 32 if nothing is said.
// CHECK-LABEL: func @host
// CHECK:         %[[HOST:.+]] = arith.constant [[LANES]] : index
// CHECK:         gpu.launch {{.*}} threads({{.*}}) in (%{{.+}} = %[[HOST]],
// CHECK:           %[[LANE:.+]] = arith.constant [[LANES]] : index
// CHECK:           memref.store %{{.+}}, %{{.+}}[%[[LANE]]]
func.func @host(%x: memref<?xf32>, %v: f32) {
  %c1 = arith.constant 1 : index
  %lanes = gpu.subgroup_size : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
      threads(%tx, %ty, %tz) in (%sx = %lanes, %sy = %c1, %sz = %c1) {
    %size = gpu.subgroup_size : index
    memref.store %v, %x[%size] : memref<?xf32>
    gpu.terminator
  }
  return
}

// In a kernel's function too, and with an upper bound.
// CHECK-LABEL: gpu.func @kernel
// CHECK-NEXT:    %[[LANE:.+]] = arith.constant [[LANES]] : index
// CHECK-NEXT:    memref.store %{{.+}}, %{{.+}}[%[[LANE]]]
gpu.module @kernels {
  gpu.func @kernel(%x: memref<?xf32>, %v: f32) kernel {
    %size = gpu.subgroup_size upper_bound 128 : index
    memref.store %v, %x[%size] : memref<?xf32>
    gpu.return
  }
}

// Which lane of a subgroup this is, and which subgroup, is not its size.
// CHECK-LABEL: gpu.func @others
// CHECK-NEXT:    gpu.lane_id
// CHECK-NEXT:    gpu.subgroup_id
// CHECK-NOT:     arith.constant
gpu.module @more_kernels {
  gpu.func @others(%x: memref<?x?xf32>, %v: f32) kernel {
    %lane = gpu.lane_id
    %subgroup = gpu.subgroup_id : index
    memref.store %v, %x[%subgroup, %lane] : memref<?x?xf32>
    gpu.return
  }
}
