// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: split-file %s %t
// RUN: gpt2-opt %t/known.mlir --specialize-shapes=sizes=L=3,C=5,N=7,P=64 \
// RUN:   | FileCheck %t/known.mlir
// RUN: gpt2-opt %t/open.mlir --specialize-shapes="sizes=C=5,N=7 open=L,T" \
// RUN:   | FileCheck %t/open.mlir
// RUN: gpt2-opt %t/open.mlir --specialize-shapes=sizes=C=5,N=7 \
// RUN:   | FileCheck %t/open.mlir
// RUN: gpt2-opt %t/refused.mlir --split-input-file --verify-diagnostics \
// RUN:     --specialize-shapes="sizes=C=5,L=3 open=T"
// RUN: not gpt2-opt %t/known.mlir --specialize-shapes=sizes=C 2>&1 \
// RUN:   | FileCheck %s --check-prefix=NUMBER
// RUN: not gpt2-opt %t/known.mlir --specialize-shapes=sizes=C=-5 2>&1 \
// RUN:   | FileCheck %s --check-prefix=NEGATIVE

// A size is a letter and a number that is not negative.
// NUMBER:   "C" is not a size; expected a letter and a number, as C=768
// NEGATIVE: "C=-5" is not a size

//--- known.mlir

// All sizes are known, so no `?` is left: not of the argument, nor of what the
// loop carries, which upstream's pattern leaves if it is used twice, nor of the
// result. The dimension that is asked for is a number, and so is the argument
// %n, which disappears. P is said by an attribute.
// CHECK-LABEL: func @carried(
// CHECK-SAME:      %[[X:[a-z0-9]+]]: tensor<3x10xf32>) -> tensor<3x10xf32>
// CHECK-SAME:      attributes {gpt2.context = 64 : index}
// CHECK-NOT:     tensor.cast
// CHECK-NOT:     tensor.dim
// CHECK-DAG:     %[[ROWS:.+]] = arith.constant 3 : index
// CHECK-DAG:     %[[END:.+]] = arith.constant 7 : index
// CHECK:         %[[Y:.+]] = scf.for {{.*}} to %[[END]] {{.*}} iter_args(%[[A:.+]] = %[[X]]) -> (tensor<3x10xf32>)
// CHECK:           tensor.extract %[[A]]
// CHECK:           %[[B:.+]] = tensor.insert %{{.*}} into %[[A]][%[[ROWS]], %{{.*}}] : tensor<3x10xf32>
// CHECK:           scf.yield %[[B]] : tensor<3x10xf32>
// CHECK-NOT:     tensor.cast
// CHECK:         return %[[Y]] : tensor<3x10xf32>
func.func @carried(%x: tensor<?x?xf32> {gpt2.shape = "L x 2C"},
                   %n: index {gpt2.size = "N"}) -> tensor<?x?xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %L = tensor.dim %x, %c0 : tensor<?x?xf32>
  %y = scf.for %i = %c0 to %n step %c1 iter_args(%a = %x) -> tensor<?x?xf32> {
    %v = tensor.extract %a[%c0, %i] : tensor<?x?xf32>
    %b = tensor.insert %v into %a[%L, %c1] : tensor<?x?xf32>
    scf.yield %b : tensor<?x?xf32>
  }
  return %y : tensor<?x?xf32>
}

// A tensor made of a buffer takes the buffer's sizes.
// CHECK-LABEL: func @of_a_buffer(
// CHECK:         %[[BUFFER:.+]] = memref.alloc() : memref<5xf32>
// CHECK-NOT:     memref.cast
// CHECK:         bufferization.to_tensor %[[BUFFER]] restrict writable : memref<5xf32> to tensor<5xf32>
// CHECK-NOT:     tensor.cast
// CHECK:         linalg.add {{.*}} outs({{.*}} : tensor<5xf32>)
func.func @of_a_buffer(%x: tensor<?xf32> {gpt2.shape = "C"}) -> tensor<?xf32> {
  %c0 = arith.constant 0 : index
  %C = tensor.dim %x, %c0 : tensor<?xf32>
  %buffer = memref.alloc(%C) : memref<?xf32>
  %made = bufferization.to_tensor %buffer restrict writable
      : memref<?xf32> to tensor<?xf32>
  %y = linalg.add ins(%x, %x : tensor<?xf32>, tensor<?xf32>)
      outs(%made : tensor<?xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}

// A number may stand for a letter: clone-entry writes such.
// CHECK-LABEL: func @number(
// CHECK-SAME:      tensor<1x5xf32>, %{{[a-z0-9]+}}: tensor<4xf32>) -> tensor<1x5xf32>
func.func @number(%x: tensor<?x?xf32> {gpt2.shape = "1 x C"},
                  %y: tensor<?xf32> {gpt2.shape = "4"}) -> tensor<?x?xf32> {
  return %x : tensor<?x?xf32>
}

// A size that is there already agrees with its letter.
// CHECK-LABEL: func @agrees(
// CHECK-SAME:      %[[X:[a-z0-9]+]]: tensor<3x10xf32>) -> tensor<3x10xf32>
func.func @agrees(%x: tensor<3x?xf32> {gpt2.shape = "L x 2C"})
    -> tensor<3x?xf32> {
  return %x : tensor<3x?xf32>
}

// What does not come back has no results to refine.
// CHECK-LABEL: func @ends(
// CHECK-SAME:      tensor<5xf32>) -> tensor<?xf32>
func.func @ends(%x: tensor<?xf32> {gpt2.shape = "C"}) -> tensor<?xf32> {
  ub.unreachable
}

// A function without a mark is none of this pass's, and says nothing of P; nor
// is a declaration.
// CHECK-LABEL: func @unmarked(
// CHECK-SAME:      tensor<?xf32>) -> tensor<?xf32> {
// CHECK:       func private @declared(tensor<?xf32> {gpt2.shape = "C"})
func.func @unmarked(%x: tensor<?xf32>) -> tensor<?xf32> {
  return %x : tensor<?xf32>
}
func.func private @declared(tensor<?xf32> {gpt2.shape = "C"})

//--- open.mlir

// L is not known and may stay open; C is carried through all the same. Without
// P, nothing is said of it.
// CHECK-LABEL: func @carried(
// CHECK-SAME:      %[[X:[a-z0-9]+]]: tensor<?x10xf32>) -> tensor<?x10xf32> {
// CHECK-NOT:     tensor<?x?xf32>
// CHECK:         scf.for {{.*}} iter_args(%[[A:.+]] = %[[X]]) -> (tensor<?x10xf32>)
// CHECK:           tensor.extract %[[A]]
// CHECK-NOT:     tensor<?x?xf32>
// CHECK:         return
func.func @carried(%x: tensor<?x?xf32> {gpt2.shape = "L x 2C"},
                   %n: index {gpt2.size = "N"}) -> tensor<?x?xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %y = scf.for %i = %c0 to %n step %c1 iter_args(%a = %x) -> tensor<?x?xf32> {
    %v = tensor.extract %a[%c0, %i] : tensor<?x?xf32>
    %b = tensor.insert %v into %a[%c0, %c1] : tensor<?x?xf32>
    scf.yield %b : tensor<?x?xf32>
  }
  return %y : tensor<?x?xf32>
}

// Of two arguments one is known: the loop carries each with what is known of
// it, and the sizes that stay open are still asked for.
// CHECK-LABEL: func @two(
// CHECK-SAME:      %[[X:[a-z0-9]+]]: tensor<?xf32>, %[[Y:[a-z0-9]+]]: tensor<5xf32>
// CHECK:         tensor.dim %[[X]]
// CHECK:         scf.for {{.*}} -> (tensor<?xf32>, tensor<5xf32>)
// CHECK:         return {{.*}} : tensor<?xf32>, tensor<5xf32>, index
func.func @two(%x: tensor<?xf32> {gpt2.shape = "T"},
               %y: tensor<?xf32> {gpt2.shape = "C"},
               %n: index {gpt2.size = "N"})
    -> (tensor<?xf32>, tensor<?xf32>, index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %T = tensor.dim %x, %c0 : tensor<?xf32>
  %r:2 = scf.for %i = %c0 to %n step %c1 iter_args(%a = %x, %b = %y)
      -> (tensor<?xf32>, tensor<?xf32>) {
    %v = tensor.extract %a[%i] : tensor<?xf32>
    %w = tensor.extract %b[%i] : tensor<?xf32>
    %a1 = tensor.insert %w into %a[%c0] : tensor<?xf32>
    %b1 = tensor.insert %v into %b[%c0] : tensor<?xf32>
    scf.yield %a1, %b1 : tensor<?xf32>, tensor<?xf32>
  }
  return %r#0, %r#1, %T : tensor<?xf32>, tensor<?xf32>, index
}

//--- refused.mlir

// A size that becomes a constant has to be known.
// expected-error@+1 {{specialize-shapes needs the size "N"}}
func.func @size(%n: index {gpt2.size = "N"}) {
  return
}

// -----

// Names are as many as dimensions.
// expected-error@+1 {{gpt2.shape has 2 sizes for 'tensor<?xf32>'}}
func.func @names(%x: tensor<?xf32> {gpt2.shape = "L x C"}) {
  return
}

// -----

// What the text says twice, it says alike: with a letter,
// expected-error@+1 {{gpt2.shape "L x C" says that "L" is 3, which 'tensor<4x?xf32>' denies}}
func.func @static(%x: tensor<4x?xf32> {gpt2.shape = "L x C"}) {
  return
}

// -----

// with a factor,
// expected-error@+1 {{gpt2.shape "2C" says that "2C" is 10, which 'tensor<5xf32>' denies}}
func.func @multiple(%x: tensor<5xf32> {gpt2.shape = "2C"}) {
  return
}

// -----

// or as a number.
// expected-error@+1 {{gpt2.shape "1" says that "1" is 1, which 'tensor<5xf32>' denies}}
func.func @plain(%x: tensor<5xf32> {gpt2.shape = "1"}) {
  return
}

// -----

// A factor is a number of 64 bits.
// expected-error@+1 {{has a factor that is too large}}
func.func @factor(%x: tensor<?xf32> {gpt2.shape = "99999999999999999999C"}) {
  return
}

// -----

// Only T may stay open, and a misspelt letter is not T.
// expected-error@+1 {{the size "X" of 'tensor<?xf32>' is not known; expected one of C L T}}
func.func @letter(%x: tensor<?xf32> {gpt2.shape = "X"},
                  %y: tensor<?xf32> {gpt2.shape = "T"}) {
  return
}

// -----

// Nor may an argument that does not say its sizes.
func.func @unsaid(%x: tensor<?xf32> {gpt2.shape = "C"},
                  // expected-error@+1 {{an argument of type 'tensor<?xf32>' stays open; expected gpt2.shape with its sizes, as "T x C"}}
                  %y: tensor<?xf32>) {
  return
}
