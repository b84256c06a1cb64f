// RUN: gpt2-opt %s --separate-fills | FileCheck %s

// Two sums that start at one tensor of zeros: the second gets its own.
// CHECK-LABEL: func @two_sums
// CHECK:         %[[FIRST:.+]] = linalg.fill
// CHECK:         linalg.matvec {{.*}} outs(%[[FIRST]]
// CHECK:         %[[SECOND:.+]] = linalg.fill
// CHECK:         linalg.matvec {{.*}} outs(%[[SECOND]]
func.func @two_sums(%m: tensor<4x8xf32>, %v: tensor<8xf32>)
    -> (tensor<4xf32>, tensor<4xf32>) {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<4xf32>
  %zeros = linalg.fill ins(%zero : f32) outs(%empty : tensor<4xf32>)
      -> tensor<4xf32>
  %a = linalg.matvec ins(%m, %v : tensor<4x8xf32>, tensor<8xf32>)
      outs(%zeros : tensor<4xf32>) -> tensor<4xf32>
  %b = linalg.matvec ins(%m, %v : tensor<4x8xf32>, tensor<8xf32>)
      outs(%zeros : tensor<4xf32>) -> tensor<4xf32>
  return %a, %b : tensor<4xf32>, tensor<4xf32>
}

// One that has one reader keeps it; a fill that nobody reads stays alone.
// CHECK-LABEL: func @one_sum
// CHECK-COUNT-2: linalg.fill
// CHECK-NOT:     linalg.fill
// CHECK:         return
func.func @one_sum(%m: tensor<4x8xf32>, %v: tensor<8xf32>) -> tensor<4xf32> {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<4xf32>
  %unread = linalg.fill ins(%zero : f32) outs(%empty : tensor<4xf32>)
      -> tensor<4xf32>
  %zeros = linalg.fill ins(%zero : f32) outs(%empty : tensor<4xf32>)
      -> tensor<4xf32>
  %a = linalg.matvec ins(%m, %v : tensor<4x8xf32>, tensor<8xf32>)
      outs(%zeros : tensor<4xf32>) -> tensor<4xf32>
  return %a : tensor<4xf32>
}

// What was computed is not computed twice.
// CHECK-LABEL: func @no_fill
// CHECK-COUNT-1: linalg.add
// CHECK-NOT:     linalg.add
func.func @no_fill(%a: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %empty = tensor.empty() : tensor<4xf32>
  %sum = linalg.add ins(%a, %a : tensor<4xf32>, tensor<4xf32>)
      outs(%empty : tensor<4xf32>) -> tensor<4xf32>
  return %sum, %sum : tensor<4xf32>, tensor<4xf32>
}
