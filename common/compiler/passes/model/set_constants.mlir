// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: gpt2-opt %s --set-constants=values=epsilon=0.25,scale=1e-06 \
// RUN:   | FileCheck %s
// RUN: gpt2-opt %s --set-constants | FileCheck %s --check-prefix=NONE
// RUN: not gpt2-opt %s --set-constants=values=epsilon 2>&1 \
// RUN:   | FileCheck %s --check-prefix=NUMBER
// RUN: not gpt2-opt %s --set-constants=values=epsilon=small 2>&1 \
// RUN:   | FileCheck %s --check-prefix=SMALL
// RUN: not gpt2-opt %s --set-constants=values==1.0 2>&1 \
// RUN:   | FileCheck %s --check-prefix=NAME

// Each constant of a name gets the value of that name. One of another name, and
// one without, keep theirs.
// CHECK-LABEL: func @by_name
// CHECK:         %[[A:.+]] = arith.constant {gpt2.constant = "epsilon"} 2.500000e-01 : f32
// CHECK:         %[[B:.+]] = arith.constant {gpt2.constant = "scale"} 9.99999997E-7 : f32
// CHECK:         %[[C:.+]] = arith.constant {gpt2.constant = "other"} 1.000000e+00 : f32
// CHECK:         %[[D:.+]] = arith.constant 9.99999974E-6 : f32
// CHECK:         return %[[A]], %[[B]], %[[C]], %[[D]]

// Without values, all are the text's.
// NONE-LABEL: func @by_name
// NONE:         {gpt2.constant = "epsilon"} 9.99999974E-6 : f32
// NONE:         {gpt2.constant = "scale"} 2.000000e+00 : f32
func.func @by_name() -> (f32, f32, f32, f32) {
  %a = arith.constant {gpt2.constant = "epsilon"} 1.0e-5 : f32
  %b = arith.constant {gpt2.constant = "scale"} 2.0 : f32
  %c = arith.constant {gpt2.constant = "other"} 1.0 : f32
  %d = arith.constant 1.0e-5 : f32
  return %a, %b, %c, %d : f32, f32, f32, f32
}

// A value takes the type of its constant, in whatever function and loop.
// CHECK-LABEL: func @types
// CHECK:         arith.constant {gpt2.constant = "epsilon"} 2.500000e-01 : f64
// CHECK:         scf.for
// CHECK:           arith.constant {gpt2.constant = "epsilon"} 2.500000e-01 : bf16
func.func @types(%n: index, %m: memref<bf16>) -> f64 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %a = arith.constant {gpt2.constant = "epsilon"} 1.0e-5 : f64
  scf.for %i = %c0 to %n step %c1 {
    %b = arith.constant {gpt2.constant = "epsilon"} 1.0e-5 : bf16
    memref.store %b, %m[] : memref<bf16>
  }
  return %a : f64
}

// Values are real numbers: an integer stays what it is.
// CHECK-LABEL: func @integer
// CHECK:         arith.constant {gpt2.constant = "epsilon"} 3 : i32
func.func @integer() -> i32 {
  %a = arith.constant {gpt2.constant = "epsilon"} 3 : i32
  return %a : i32
}

// A name without a number, a number that is none, and a number without a name
// are refused.
// NUMBER: "epsilon" is not a value; expected a name and a number, as epsilon=1e-06
// SMALL:  "epsilon=small" is not a value
// NAME:   "=1.0" is not a value
