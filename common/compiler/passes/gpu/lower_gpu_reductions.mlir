// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: gpt2-opt %s --lower-gpu-reductions --split-input-file \
// RUN:   --verify-diagnostics | FileCheck %s
// RUN: gpt2-opt %s --lower-gpu-reductions=subgroup-size=64 --split-input-file \
// RUN:   --verify-diagnostics | FileCheck %s --check-prefix=WIDE

// 32 lanes' numbers are added up in five exchanges: each lane adds what one at
// a distance of 1, 2, 4, 8, 16 has.
// CHECK-LABEL: gpu.func @sum
// CHECK-SAME:    (%[[X:.+]]: f32, %[[Y:.+]]: memref<f32>)
// CHECK-DAG:     %[[LANES:.+]] = arith.constant 32 : i32
// CHECK-DAG:     %[[C1:.+]] = arith.constant 1 : i32
// CHECK-DAG:     %[[C2:.+]] = arith.constant 2 : i32
// CHECK-DAG:     %[[C4:.+]] = arith.constant 4 : i32
// CHECK-DAG:     %[[C8:.+]] = arith.constant 8 : i32
// CHECK-DAG:     %[[C16:.+]] = arith.constant 16 : i32
// CHECK:         %[[V1:[A-Za-z0-9_]+]], %{{.+}} = gpu.shuffle xor %[[X]], %[[C1]], %[[LANES]] : f32
// CHECK:         %[[S1:.+]] = arith.addf %[[X]], %[[V1]] : f32
// CHECK:         %[[V2:[A-Za-z0-9_]+]], %{{.+}} = gpu.shuffle xor %[[S1]], %[[C2]], %[[LANES]]
// CHECK:         %[[S2:.+]] = arith.addf %[[S1]], %[[V2]]
// CHECK:         %[[V4:[A-Za-z0-9_]+]], %{{.+}} = gpu.shuffle xor %[[S2]], %[[C4]], %[[LANES]]
// CHECK:         %[[S4:.+]] = arith.addf %[[S2]], %[[V4]]
// CHECK:         %[[V8:[A-Za-z0-9_]+]], %{{.+}} = gpu.shuffle xor %[[S4]], %[[C8]], %[[LANES]]
// CHECK:         %[[S8:.+]] = arith.addf %[[S4]], %[[V8]]
// CHECK:         %[[V16:[A-Za-z0-9_]+]], %{{.+}} = gpu.shuffle xor %[[S8]], %[[C16]], %[[LANES]]
// CHECK:         %[[S16:.+]] = arith.addf %[[S8]], %[[V16]]
// CHECK-NOT:     gpu.shuffle
// CHECK:         memref.store %[[S16]], %[[Y]]
//
// Of 64 lanes, in six.
// WIDE-LABEL: gpu.func @sum
// WIDE:         %[[LANES:.+]] = arith.constant 64 : i32
// WIDE-COUNT-6: gpu.shuffle xor %{{.+}}, %{{.+}}, %[[LANES]]
// WIDE-NOT:     gpu.shuffle
// WIDE:         memref.store
gpu.module @sum_module {
  gpu.func @sum(%x: f32, %y: memref<f32>) kernel {
    %s = gpu.subgroup_reduce add %x : (f32) -> f32
    memref.store %s, %y[] : memref<f32>
    gpu.return
  }
}

// Four numbers of half a register each are in two: ten exchanges.
// CHECK-LABEL: gpu.func @maxima
// CHECK-COUNT-10: gpu.shuffle xor %{{.+}} : i32
// CHECK-NOT:     gpu.shuffle
// CHECK:         memref.store
// CHECK-NOT:     gpu.subgroup_reduce
// CHECK:         gpu.return
gpu.module @maxima_module {
  gpu.func @maxima(%x: vector<4xf16>, %y: memref<vector<4xf16>>) kernel {
    %s = gpu.subgroup_reduce maximumf %x : (vector<4xf16>) -> vector<4xf16>
    memref.store %s, %y[] : memref<vector<4xf16>>
    gpu.return
  }
}

// Of neighbours in eights: three exchanges, whatever the subgroup's size.
// CHECK-LABEL: gpu.func @eights
// CHECK-COUNT-3: gpu.shuffle xor
// CHECK-NOT:     gpu.shuffle
// CHECK:         gpu.return
// WIDE-LABEL:  gpu.func @eights
// WIDE-COUNT-3: gpu.shuffle xor
// WIDE-NOT:     gpu.shuffle
// WIDE:         gpu.return
gpu.module @eights_module {
  gpu.func @eights(%x: f32, %y: memref<f32>) kernel {
    %s = gpu.subgroup_reduce add %x cluster(size = 8) : (f32) -> f32
    memref.store %s, %y[] : memref<f32>
    gpu.return
  }
}

// Half a register is made a whole one for the exchange, and back.
// CHECK-LABEL: gpu.func @half
// CHECK:         arith.extui %{{.+}} : i16 to i32
// CHECK:         gpu.shuffle xor %{{.+}} : i32
// CHECK:         arith.trunci %{{.+}} : i32 to i16
// CHECK-COUNT-4: gpu.shuffle xor %{{.+}} : i32
// CHECK-NOT:     gpu.shuffle
// CHECK:         gpu.return
gpu.module @half_module {
  gpu.func @half(%x: f16, %y: memref<f16>) kernel {
    %s = gpu.subgroup_reduce add %x : (f16) -> f16
    memref.store %s, %y[] : memref<f16>
    gpu.return
  }
}

// Two numbers of a whole register each: as many exchanges for each.
// CHECK-LABEL: gpu.func @pairs
// CHECK-COUNT-10: gpu.shuffle xor %{{.+}} : f32
// CHECK-NOT:     gpu.shuffle
// CHECK:         %[[BOTH:.+]] = vector.from_elements %{{.+}}, %{{.+}} : vector<2xf32>
// CHECK:         memref.store %[[BOTH]]
// CHECK-COUNT-2: gpu.shuffle xor %{{.+}} : f32
// CHECK-NOT:     gpu.shuffle
// CHECK:         gpu.return
gpu.module @pairs_module {
  gpu.func @pairs(%x: vector<2xf32>, %y: memref<vector<2xf32>>) kernel {
    %s = gpu.subgroup_reduce add %x : (vector<2xf32>) -> vector<2xf32>
    memref.store %s, %y[] : memref<vector<2xf32>>
    %t = gpu.subgroup_reduce add %x cluster(size = 2)
        : (vector<2xf32>) -> vector<2xf32>
    memref.store %t, %y[] : memref<vector<2xf32>>
    gpu.return
  }
}

// What would be a race in shared memory stays.
// CHECK-LABEL: gpu.func @of_a_block
// CHECK:         gpu.all_reduce add
// CHECK-NOT:     gpu.shuffle
// CHECK:         gpu.return
gpu.module @of_a_block_module {
  gpu.func @of_a_block(%x: f32, %y: memref<f32>) kernel {
    %s = gpu.all_reduce add %x {} : (f32) -> f32
    memref.store %s, %y[] : memref<f32>
    gpu.return
  }
}

// -----

// A number in two registers has no shuffle.
gpu.module @doubles {
  gpu.func @kernel(%d: f64, %z: memref<f64>) kernel {
    // expected-error @below {{lower-gpu-reductions knows no shuffles for 'f64' here}}
    %t = gpu.subgroup_reduce add %d : (f64) -> f64
    memref.store %t, %z[] : memref<f64>
    gpu.return
  }
}
