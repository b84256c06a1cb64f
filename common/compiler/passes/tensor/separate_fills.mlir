// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: gpt2-opt %s --separate-fills | FileCheck %s

// Two sums that start at one tensor of zeros: each has its own now.
// CHECK-LABEL: func @two_sums
// CHECK:         %[[OLD:.+]] = linalg.fill
// CHECK:         %[[NEW:.+]] = linalg.fill
// CHECK:         linalg.matvec {{.*}} outs(%[[NEW]] :
// CHECK:         linalg.matvec {{.*}} outs(%[[OLD]] :
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

// A use in a loop gets a fill in the loop, before its user, so that every iteration
// begins anew. The size need not be known, nor the fill be called one: an
// operation that reads no tensor is a fill.
// CHECK-LABEL: func @in_a_loop
// CHECK:         %[[OLD:.+]] = linalg.generic {{.*}} outs(%[[EMPTY:.+]] : tensor<?xf32>)
// CHECK:         scf.for
// CHECK:           %[[NEW:.+]] = linalg.generic {{.*}} outs(%[[EMPTY]] : tensor<?xf32>)
// CHECK:           linalg.matvec {{.*}} outs(%[[NEW]] :
// CHECK:         linalg.matvec {{.*}} outs(%[[OLD]] :
func.func @in_a_loop(%m: tensor<?x8xf32>, %v: tensor<8xf32>, %T: index,
                     %n: index, %to: memref<f32>) -> tensor<?xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty(%T) : tensor<?xf32>
  %zeros = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>],
      iterator_types = ["parallel"]} outs(%empty : tensor<?xf32>) {
  ^bb0(%o: f32):
    linalg.yield %zero : f32
  } -> tensor<?xf32>
  scf.for %i = %c0 to %n step %c1 {
    %a = linalg.matvec ins(%m, %v : tensor<?x8xf32>, tensor<8xf32>)
        outs(%zeros : tensor<?xf32>) -> tensor<?xf32>
    %e = tensor.extract %a[%i] : tensor<?xf32>
    memref.store %e, %to[] : memref<f32>
  }
  %b = linalg.matvec ins(%m, %v : tensor<?x8xf32>, tensor<8xf32>)
      outs(%zeros : tensor<?xf32>) -> tensor<?xf32>
  return %b : tensor<?xf32>
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
// CHECK:         %[[SUM:.+]] = linalg.add
// CHECK-NOT:     linalg.add
// CHECK:         return %[[SUM]], %[[SUM]]
func.func @no_fill(%a: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %empty = tensor.empty() : tensor<4xf32>
  %sum = linalg.add ins(%a, %a : tensor<4xf32>, tensor<4xf32>)
      outs(%empty : tensor<4xf32>) -> tensor<4xf32>
  return %sum, %sum : tensor<4xf32>, tensor<4xf32>
}
