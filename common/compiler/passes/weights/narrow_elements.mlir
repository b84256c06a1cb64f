// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: gpt2-opt %s --split-input-file --verify-diagnostics --narrow-elements \
// RUN:   | FileCheck %s
// RUN: sed s/gpt2.matrix/gpt2.cache/ %s > %t
// RUN: gpt2-opt %t --split-input-file --verify-diagnostics \
// RUN:     --narrow-elements=marked=gpt2.cache | FileCheck %s --check-prefix=CACHE
// RUN: gpt2-opt %s --split-input-file --narrow-elements=marked=gpt2.cache \
// RUN:   | FileCheck %s --check-prefix=NONE

// The program says how wide an element is, and of what: of matrices, or, if
// these are what is marked, of keys and values.
// CHECK: memref.global constant @gpt2_weight_bits : memref<i32> = dense<16>
// CACHE: memref.global constant @gpt2_cache_bits : memref<i32> = dense<16>
// CACHE: func @product({{.*}}: tensor<2x4x8xbf16> {gpt2.cache}

// Without an argument that is marked, there is nothing narrow to speak of.
// NONE-NOT: bf16
// NONE-NOT: memref.global

// A layer's matrix is a view of all, in bf16. The product, whose body has to be
// seen for it, extends an element where it reads it, and multiplies and adds
// f32.
// CHECK-LABEL: func @product(
// CHECK-SAME:      %[[W:[a-z0-9]+]]: tensor<2x4x8xbf16> {gpt2.matrix}
// CHECK-SAME:      %[[X:[a-z0-9]+]]: tensor<?x4xf32>
// CHECK:         %[[LAYER:.+]] = tensor.extract_slice %[[W]]{{.*}} : tensor<2x4x8xbf16> to tensor<4x8xbf16>
// CHECK:         linalg.generic {{.*}} ins(%[[X]], %[[LAYER]] : tensor<?x4xf32>, tensor<4x8xbf16>) outs({{.*}} : tensor<?x8xf32>)
// CHECK-NEXT:    ^bb0(%[[A:.+]]: f32, %[[B:.+]]: bf16, %[[C:.+]]: f32):
// CHECK-NEXT:      %[[WIDE:.+]] = arith.extf %[[B]] : bf16 to f32
// CHECK-NEXT:      %[[P:.+]] = arith.mulf %[[A]], %[[WIDE]] : f32
// CHECK-NEXT:      arith.addf %[[C]], %[[P]] : f32
func.func @product(%w: tensor<2x4x8xf32> {gpt2.matrix}, %l: index,
                   %x: tensor<?x4xf32>, %y: tensor<?x8xf32>)
    -> tensor<?x8xf32> {
  %m = tensor.extract_slice %w[%l, 0, 0] [1, 4, 8] [1, 1, 1]
      : tensor<2x4x8xf32> to tensor<4x8xf32>
  %r = linalg.matmul ins(%x, %m : tensor<?x4xf32>, tensor<4x8xf32>)
      outs(%y : tensor<?x8xf32>) -> tensor<?x8xf32>
  return %r : tensor<?x8xf32>
}

// An element and a size, read of the whole.
// CHECK-LABEL: func @element(
// CHECK:         %[[E:.+]] = tensor.extract {{.*}} : tensor<?x8xbf16>
// CHECK:         %[[WIDE:.+]] = arith.extf %[[E]] : bf16 to f32
// CHECK:         %[[SIZE:.+]] = tensor.dim {{.*}} : tensor<?x8xbf16>
// CHECK:         return %[[WIDE]], %[[SIZE]] : f32, index
func.func @element(%w: tensor<?x8xf32> {gpt2.matrix}, %i: index)
    -> (f32, index) {
  %e = tensor.extract %w[%i, %i] : tensor<?x8xf32>
  %c0 = arith.constant 0 : index
  %size = tensor.dim %w, %c0 : tensor<?x8xf32>
  return %e, %size : f32, index
}

// What is inserted is rounded on its way, and the new value is narrow too: the
// function returns bf16.
// CHECK-LABEL: func @insert(
// CHECK-SAME:      %[[K:[a-z0-9]+]]: tensor<2x?x4xbf16>
// CHECK-SAME:      %[[NEW:[a-z0-9]+]]: tensor<?x4xf32>
// CHECK-SAME:      -> tensor<2x?x4xbf16>
// CHECK:         %[[PLACE:.+]] = tensor.extract_slice %[[K]]{{.*}} to tensor<?x4xbf16>
// CHECK:         %[[ROUNDED:.+]] = linalg.generic {{.*}} ins(%[[NEW]] : tensor<?x4xf32>) outs(%[[PLACE]] : tensor<?x4xbf16>)
// CHECK:           arith.truncf
// CHECK:         %[[R:.+]] = tensor.insert_slice %[[ROUNDED]] into %[[K]]
// CHECK:         return %[[R]] : tensor<2x?x4xbf16>
func.func @insert(%k: tensor<2x?x4xf32> {gpt2.matrix}, %new: tensor<?x4xf32>,
                  %l: index, %p: index, %t: index) -> tensor<2x?x4xf32> {
  %r = tensor.insert_slice %new into %k[%l, %p, 0] [1, %t, 4] [1, 1, 1]
      : tensor<?x4xf32> into tensor<2x?x4xf32>
  return %r : tensor<2x?x4xf32>
}

// A part that goes to a tensor of f32 is extended; one that stays among narrow
// ones is copied as it is.
// CHECK-LABEL: func @parts(
// CHECK:         %[[PART:.+]] = tensor.extract_slice {{.*}} to tensor<4xbf16>
// CHECK:         %[[WIDE:.+]] = linalg.generic {{.*}} ins(%[[PART]] : tensor<4xbf16>) outs(%{{.*}} : tensor<4xf32>)
// CHECK:           arith.extf
// CHECK:         tensor.insert_slice %[[WIDE]] into %{{.*}} : tensor<4xf32> into tensor<8xf32>
// CHECK:         tensor.insert_slice %[[PART]] into %{{.*}} : tensor<4xbf16> into tensor<8xbf16>
func.func @parts(%k: tensor<8xf32> {gpt2.matrix}, %x: tensor<8xf32>)
    -> (tensor<8xf32>, tensor<8xf32>) {
  %s = tensor.extract_slice %k[0] [4] [1] : tensor<8xf32> to tensor<4xf32>
  %r = tensor.insert_slice %s into %x[4] [4] [1]
      : tensor<4xf32> into tensor<8xf32>
  %t = tensor.insert_slice %s into %k[4] [4] [1]
      : tensor<4xf32> into tensor<8xf32>
  return %r, %t : tensor<8xf32>, tensor<8xf32>
}

// A loop carries bf16. What an operation adds to is extended, and what it
// yields is rounded.
// CHECK-LABEL: func @loop(
// CHECK:         scf.for {{.*}} iter_args(%[[A:.+]] = %{{.*}}) -> (tensor<4xbf16>)
// CHECK:           %[[B:.+]] = linalg.generic {{.*}} outs(%[[A]] : tensor<4xbf16>)
// CHECK-NEXT:      ^bb0(%[[C:.+]]: f32, %[[D:.+]]: bf16):
// CHECK-NEXT:        %[[WIDE:.+]] = arith.extf %[[D]]
// CHECK-NEXT:        %[[SUM:.+]] = arith.addf %[[C]], %[[WIDE]] : f32
// CHECK-NEXT:        %[[ROUNDED:.+]] = arith.truncf %[[SUM]]
// CHECK-NEXT:        linalg.yield %[[ROUNDED]] : bf16
// CHECK:           scf.yield %[[B]] : tensor<4xbf16>
func.func @loop(%k: tensor<4xf32> {gpt2.matrix}, %x: tensor<4xf32>, %n: index)
    -> tensor<4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%a = %k) -> tensor<4xf32> {
    %b = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>,
                                          affine_map<(i) -> (i)>],
        iterator_types = ["parallel"]}
        ins(%x : tensor<4xf32>) outs(%a : tensor<4xf32>) {
    ^bb0(%c: f32, %d: f32):
      %s = arith.addf %c, %d : f32
      linalg.yield %s : f32
    } -> tensor<4xf32>
    scf.yield %b : tensor<4xf32>
  }
  return %r : tensor<4xf32>
}

// Threads write their parts.
// CHECK-LABEL: func @threads(
// CHECK:         scf.forall {{.*}} -> (tensor<8xbf16>)
// CHECK:           %[[A:.+]] = linalg.generic {{.*}} outs({{.*}} : tensor<2xbf16>)
// CHECK:           tensor.parallel_insert_slice %[[A]] into {{.*}} : tensor<2xbf16> into tensor<8xbf16>
func.func @threads(%k: tensor<8xf32> {gpt2.matrix}, %x: tensor<2xf32>)
    -> tensor<8xf32> {
  %r = scf.forall (%i) in (4) shared_outs(%o = %k) -> (tensor<8xf32>) {
    %at = affine.apply affine_map<(i) -> (2 * i)>(%i)
    %part = tensor.extract_slice %o[%at] [2] [1]
        : tensor<8xf32> to tensor<2xf32>
    %a = linalg.copy ins(%x : tensor<2xf32>) outs(%part : tensor<2xf32>)
        -> tensor<2xf32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %a into %o[%at] [2] [1]
          : tensor<2xf32> into tensor<8xf32>
    }
  }
  return %r : tensor<8xf32>
}

// Elements of a buffer, and a vector of them, of a part of it.
// CHECK-LABEL: func @buffer(
// CHECK-SAME:      %[[K:[a-z0-9]+]]: memref<8xbf16>
// CHECK-SAME:      %[[V:[a-z0-9]+]]: f32
// CHECK:         %[[E:.+]] = memref.load %[[K]]
// CHECK:         arith.extf %[[E]] : bf16 to f32
// CHECK:         %[[ROUNDED:.+]] = arith.truncf %[[V]] : f32 to bf16
// CHECK:         memref.store %[[ROUNDED]], %[[K]]
// CHECK:         %[[PART:.+]] = memref.subview %[[K]]
// CHECK:         %[[VECTOR:.+]] = vector.load %[[PART]]{{.*}}, vector<4xbf16>
// CHECK:         arith.extf %[[VECTOR]] : vector<4xbf16> to vector<4xf32>
func.func @buffer(%k: memref<8xf32> {gpt2.matrix}, %v: f32, %i: index)
    -> (f32, vector<4xf32>) {
  %e = memref.load %k[%i] : memref<8xf32>
  memref.store %v, %k[%i] : memref<8xf32>
  %c = memref.subview %k[4] [4] [1]
      : memref<8xf32> to memref<4xf32, strided<[1], offset: 4>>
  %f = vector.load %c[%i]
      : memref<4xf32, strided<[1], offset: 4>>, vector<4xf32>
  return %e, %f : f32, vector<4xf32>
}

// What has no attribute, and a matrix of indices, stay as they are.
// CHECK-LABEL: func @others(
// CHECK-SAME:      tensor<8xf32>, %{{[a-z0-9]+}}: tensor<8xi32> {gpt2.matrix}) -> tensor<8xf32>
func.func @others(%k: tensor<8xf32>, %i: tensor<8xi32> {gpt2.matrix})
    -> tensor<8xf32> {
  return %k : tensor<8xf32>
}

// -----

// How to pass bf16 to another function is not known, nor what that would do
// with it.
func.func private @other(tensor<8xf32>)
func.func @call(%w: tensor<8xf32> {gpt2.matrix}) {
  // expected-error@+1 {{narrow-elements knows no way to read or write bf16 here}}
  call @other(%w) : (tensor<8xf32>) -> ()
  return
}

// -----

// Nor how to read a vector with padding, which is f32.
func.func @padded(%w: tensor<8xf32> {gpt2.matrix}, %i: index) -> vector<8xf32> {
  %zero = arith.constant 0.0 : f32
  // expected-error@+1 {{narrow-elements knows no way to read or write bf16 here}}
  %v = vector.transfer_read %w[%i], %zero : tensor<8xf32>, vector<8xf32>
  return %v : vector<8xf32>
}
