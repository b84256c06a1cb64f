// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: gpt2-opt %s --protect-arguments | FileCheck %s
// RUN: gpt2-opt %s --protect-arguments \
// RUN:   --one-shot-bufferize=bufferize-function-boundaries \
// RUN:   | FileCheck %s --check-prefix=BUFFERS

// A product begins with its bias, an argument. Bufferization would add to the
// caller's bias, in every call; so it makes a buffer of its own.
// CHECK-LABEL: func @product
// CHECK-SAME:    %{{.+}}: tensor<4x8xf32> {bufferization.writable = false},
// CHECK-SAME:    %{{.+}}: tensor<8xf32> {bufferization.writable = false},
// CHECK-SAME:    %{{.+}}: tensor<4xf32> {bufferization.writable = false})
// BUFFERS-LABEL: func @product
// BUFFERS-SAME:    %[[BIAS:[a-z0-9]+]]: memref<4xf32{{.*}}>) ->
// BUFFERS:         %[[SUMS:.+]] = memref.alloc
// BUFFERS:         memref.copy %[[BIAS]], %[[SUMS]]
// BUFFERS:         linalg.matvec {{.*}} outs(%[[SUMS]] :
func.func @product(%m: tensor<4x8xf32>, %v: tensor<8xf32>, %bias: tensor<4xf32>)
    -> tensor<4xf32> {
  %r = linalg.matvec ins(%m, %v : tensor<4x8xf32>, tensor<8xf32>)
      outs(%bias : tensor<4xf32>) -> tensor<4xf32>
  return %r : tensor<4xf32>
}

// What an entry says it writes, it writes; what it says it does not, it does
// not: its own words stay.
// CHECK-LABEL: func @cache
// CHECK-SAME:    %{{.+}}: tensor<?x4xf32> {bufferization.writable = true},
// CHECK-SAME:    %{{.+}}: tensor<?x4xf32> {bufferization.writable = false},
// CHECK-SAME:    %{{.+}}: f32, %{{.+}}: index)
// BUFFERS-LABEL: func @cache
// BUFFERS-SAME:    %[[KEYS:[a-z0-9]+]]: memref<?x4xf32
// BUFFERS-NOT:     memref.alloc
// BUFFERS:         memref.store %{{.+}}, %[[KEYS]]
func.func @cache(%keys: tensor<?x4xf32> {bufferization.writable = true},
                 %values: tensor<?x4xf32> {bufferization.writable = false},
                 %x: f32, %p: index) -> tensor<?x4xf32> {
  %c0 = arith.constant 0 : index
  %r = tensor.insert %x into %keys[%p, %c0] : tensor<?x4xf32>
  return %r : tensor<?x4xf32>
}

// Other attributes stay, and what is no tensor is not bufferized.
// CHECK-LABEL: func @others
// CHECK-SAME:    %{{.+}}: tensor<*xf32> {bufferization.writable = false, mine.name},
// CHECK-SAME:    %{{.+}}: memref<4xf32>, %{{.+}}: vector<4xf32>, %{{.+}}: i32)
func.func @others(%t: tensor<*xf32> {mine.name}, %m: memref<4xf32>,
                  %v: vector<4xf32>, %i: i32) {
  return
}

// Nothing to protect.
// CHECK-LABEL: func @no_arguments() {
func.func @no_arguments() {
  return
}

// What a declared function writes is not to be seen here.
// CHECK-LABEL: func private @declared(tensor<4xf32>)
func.func private @declared(tensor<4xf32>)

// Whoever calls a private function is seen by bufferization.
// CHECK-LABEL: func private @helper(%{{.+}}: tensor<4xf32>) -> tensor<4xf32>
func.func private @helper(%x: tensor<4xf32>) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}
