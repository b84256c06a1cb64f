// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: gpt2-opt %s --narrow-elements | FileCheck %s

// A named operation that reads a matrix twice becomes one whose body extends
// both.
// CHECK-LABEL: func @twice
// CHECK-SAME:    %[[W:[^ ]+]]: tensor<4x8xbf16>
// CHECK:         linalg.generic {{.*}} ins(%[[W]], %[[W]] :
// CHECK:         ^bb0(%[[A:.+]]: bf16, %[[B:.+]]: bf16, %{{.+}}: f32):
// CHECK-DAG:       %[[WIDE_A:.+]] = arith.extf %[[A]] : bf16 to f32
// CHECK-DAG:       %[[WIDE_B:.+]] = arith.extf %[[B]] : bf16 to f32
// CHECK:           arith.addf %[[WIDE_A]], %[[WIDE_B]] : f32
func.func @twice(%w: tensor<4x8xf32> {gpt2.matrix}, %y: tensor<4x8xf32>)
    -> tensor<4x8xf32> {
  %sum = linalg.add ins(%w, %w : tensor<4x8xf32>, tensor<4x8xf32>)
      outs(%y : tensor<4x8xf32>) -> tensor<4x8xf32>
  return %sum : tensor<4x8xf32>
}

// Into itself: rounded where it is written, too.
// CHECK-LABEL: func @into_itself
// CHECK-SAME:    %[[W:[^ ]+]]: tensor<4x8xbf16>
// CHECK:         linalg.generic {{.*}} ins(%[[W]], %[[W]] : {{.*}}) outs(%[[W]] :
// CHECK:           %[[SUM:.+]] = arith.addf
// CHECK:           %[[ROUNDED:.+]] = arith.truncf %[[SUM]] : f32 to bf16
// CHECK:           linalg.yield %[[ROUNDED]] : bf16
// CHECK:         return %{{.+}} : tensor<4x8xbf16>
func.func @into_itself(%w: tensor<4x8xf32> {gpt2.matrix}) -> tensor<4x8xf32> {
  %sum = linalg.add ins(%w, %w : tensor<4x8xf32>, tensor<4x8xf32>)
      outs(%w : tensor<4x8xf32>) -> tensor<4x8xf32>
  return %sum : tensor<4x8xf32>
}
