// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: gpt2-opt %s --prefer-vector-width="function=g bits=128" | FileCheck %s
// RUN: gpt2-opt %s --prefer-vector-width="function=g" \
// RUN:   | FileCheck %s --check-prefix=DEFAULT
// RUN: gpt2-opt %s --prefer-vector-width="function=host bits=128" \
// RUN:   | FileCheck %s --check-prefix=NONE
// RUN: gpt2-opt %s --prefer-vector-width="function=absent bits=128" \
// RUN:   | FileCheck %s --check-prefix=NONE
// RUN: gpt2-opt %s --prefer-vector-width \
// RUN:   | FileCheck %s --check-prefix=NONE

// One function has narrow vectors; those beside it and what it asked for
// before stay. Without a number they have 256 bits. A name that no function
// has, or that of one which is not LLVM's yet, changes nothing.
// CHECK:         llvm.func @f() {
// DEFAULT:       llvm.func @f() {
// NONE-NOT:      prefer_vector_width
llvm.func @f() {
  llvm.return
}

// CHECK:         llvm.func @g() attributes {passthrough = ["cold"], prefer_vector_width = "128"} {
// DEFAULT:       llvm.func @g() attributes {passthrough = ["cold"], prefer_vector_width = "256"} {
llvm.func @g() attributes {passthrough = ["cold"]} {
  llvm.return
}

// CHECK-NOT:     prefer_vector_width
// CHECK:         func.func @host() {
// NONE:          func.func @host() {
func.func @host() {
  return
}
