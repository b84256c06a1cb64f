// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: gpt2-opt %s --split-input-file --verify-diagnostics --narrow-elements \
// RUN:   | FileCheck %s

// Parts of a marked argument that threads make in f32 are rounded on their way,
// those of another tensor that they take from it extended.
// CHECK-LABEL: func @parts(
// CHECK-SAME:    %[[M:[a-z0-9]+]]: tensor<4x8xbf16> {gpt2.matrix}, %[[X:[a-z0-9]+]]: tensor<4x8xf32>)
// CHECK-SAME:    -> (tensor<4x8xbf16>, tensor<4x8xf32>)
// CHECK:         %[[R:.+]]:2 = scf.forall (%[[I:.+]]) in (4) shared_outs(%[[O:.+]] = %[[M]], %[[P:.+]] = %[[X]]) -> (tensor<4x8xbf16>, tensor<4x8xf32>)
// CHECK:           %[[ROW:.+]] = tensor.extract_slice %[[X]][%[[I]], 0]
// CHECK:           %[[NARROW:.+]] = tensor.extract_slice %[[O]][%[[I]], 0]
// CHECK:           %[[TO:.+]] = tensor.extract_slice %[[O]][%[[I]], 0] [1, 8] [1, 1] : tensor<4x8xbf16> to tensor<1x8xbf16>
// CHECK:           %[[ROUNDED:.+]] = linalg.generic {{.*}} ins(%[[ROW]] : tensor<1x8xf32>) outs(%[[TO]] : tensor<1x8xbf16>)
// CHECK:             arith.truncf %{{.+}} : f32 to bf16
// CHECK:           %[[WIDE:.+]] = linalg.generic {{.*}} ins(%[[NARROW]] : tensor<1x8xbf16>) outs(%{{.+}} : tensor<1x8xf32>)
// CHECK:             arith.extf %{{.+}} : bf16 to f32
// CHECK:           scf.forall.in_parallel
// CHECK:             tensor.parallel_insert_slice %[[ROUNDED]] into %[[O]]
// CHECK:             tensor.parallel_insert_slice %[[WIDE]] into %[[P]]
// CHECK:         return %[[R]]#0, %[[R]]#1
func.func @parts(%m: tensor<4x8xf32> {gpt2.matrix}, %x: tensor<4x8xf32>)
    -> (tensor<4x8xf32>, tensor<4x8xf32>) {
  %r:2 = scf.forall (%i) in (4) shared_outs(%o = %m, %p = %x)
      -> (tensor<4x8xf32>, tensor<4x8xf32>) {
    %row = tensor.extract_slice %x[%i, 0] [1, 8] [1, 1]
        : tensor<4x8xf32> to tensor<1x8xf32>
    %narrow = tensor.extract_slice %o[%i, 0] [1, 8] [1, 1]
        : tensor<4x8xf32> to tensor<1x8xf32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %row into %o[%i, 0] [1, 8] [1, 1]
          : tensor<1x8xf32> into tensor<4x8xf32>
      tensor.parallel_insert_slice %narrow into %p[%i, 0] [1, 8] [1, 1]
          : tensor<1x8xf32> into tensor<4x8xf32>
    }
  }
  return %r#0, %r#1 : tensor<4x8xf32>, tensor<4x8xf32>
}

// What a part makes of a part of it is bf16 already.
// CHECK-LABEL: func @own_parts(
// CHECK:         scf.forall
// CHECK:           %[[ROW:.+]] = tensor.extract_slice
// CHECK-NOT:       linalg
// CHECK:           tensor.parallel_insert_slice %[[ROW]] {{.*}} : tensor<1x8xbf16> into tensor<4x8xbf16>
func.func @own_parts(%m: tensor<4x8xf32> {gpt2.matrix}, %j: index)
    -> tensor<4x8xf32> {
  %r = scf.forall (%i) in (4) shared_outs(%o = %m) -> tensor<4x8xf32> {
    %row = tensor.extract_slice %m[%j, 0] [1, 8] [1, 1]
        : tensor<4x8xf32> to tensor<1x8xf32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %row into %o[%i, 0] [1, 8] [1, 1]
          : tensor<1x8xf32> into tensor<4x8xf32>
    }
  }
  return %r : tensor<4x8xf32>
}

// -----

// A loop that goes on with something else than it began with.
func.func @begins(%m: tensor<8xf32> {gpt2.matrix}, %x: tensor<8xf32>, %n: index)
    -> tensor<8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  // expected-error @below {{narrow-elements: the loop begins with what is bf16 and yields f32, or the other way round}}
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%a = %m) -> (tensor<8xf32>) {
    scf.yield %x : tensor<8xf32>
  }
  return %r : tensor<8xf32>
}

// -----

func.func @goes_on(%m: tensor<8xf32> {gpt2.matrix}, %x: tensor<8xf32>, %n: index)
    -> tensor<8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  // expected-error @below {{narrow-elements: the loop begins with what is bf16 and yields f32, or the other way round}}
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%a = %x) -> (tensor<8xf32>) {
    scf.yield %m : tensor<8xf32>
  }
  return %r : tensor<8xf32>
}

// -----

// A branch whose other side is f32.
func.func @branch(%m: tensor<8xf32> {gpt2.matrix}, %x: tensor<8xf32>, %c: i1)
    -> tensor<8xf32> {
  %r = scf.if %c -> tensor<8xf32> {
    // expected-error @below {{narrow-elements knows no way to read or write bf16 here}}
    scf.yield %m : tensor<8xf32>
  } else {
    scf.yield %x : tensor<8xf32>
  }
  return %r : tensor<8xf32>
}
