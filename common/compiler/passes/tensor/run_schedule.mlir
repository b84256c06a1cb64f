// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: split-file %s %t
// RUN: gpt2-opt %t/program.mlir \
// RUN:     --run-schedule="files=%t/schedule.mlir,%t/more.mlir sequence=named" \
// RUN:   | FileCheck %t/program.mlir
// RUN: gpt2-opt %t/program.mlir \
// RUN:     --run-schedule="files=%t/schedule.mlir,%t/more.mlir sequence=by_pass" \
// RUN:   | FileCheck %t/program.mlir --check-prefix=PASS
// RUN: gpt2-opt %t/program.mlir \
// RUN:     --run-schedule="files=%t/schedule.mlir,%t/more.mlir sequence=nothing" \
// RUN:   | FileCheck %t/program.mlir --check-prefix=NOTHING
// RUN: not gpt2-opt %t/program.mlir \
// RUN:     --run-schedule="files=%t/schedule.mlir sequence=absent" 2>&1 \
// RUN:   | FileCheck %s --check-prefix=ABSENT
// RUN: not gpt2-opt %t/program.mlir \
// RUN:     --run-schedule="files=%t/schedule.mlir,%t/more.mlir sequence=fails" 2>&1 \
// RUN:   | FileCheck %s --check-prefix=FAILS
// RUN: not gpt2-opt %t/program.mlir \
// RUN:     --run-schedule="files=%t/none.mlir sequence=named" 2>&1 \
// RUN:   | FileCheck %s --check-prefix=NONE
// RUN: not gpt2-opt %t/program.mlir --run-schedule=sequence=named 2>&1 \
// RUN:   | FileCheck %s --check-prefix=EMPTY

// A sequence that is in none of the files, one that fails, with the operation
// that it fails on, a file that is not there, and no file are errors.
// ABSENT: could not find a nested named sequence with name: absent
// FAILS:  schedule.mlir{{.*}} error: could not find a parent op
// FAILS:  program.mlir{{.*}} note: target op
// NONE:   none.mlir' is neither a file nor a directory
// EMPTY:  error: run-schedule has no files

//--- program.mlir

// The sequence that was asked for is applied, and no other; what it includes is
// in another of the files. The program gets the result, not the schedule.
// CHECK-NOT:   transform.
// CHECK-LABEL: func @product(
// CHECK:         linalg.matmul {done_by = "named"}
// CHECK-NOT:   transform.

// A schedule may name a pass of ours.
// PASS-LABEL: func @product(
// PASS:         linalg.generic {{.*}} attrs = {gpt2.op = "product", gpt2.result}

// A schedule that finds nothing to change is none the less one.
// NOTHING-LABEL: func @product(
// NOTHING:         linalg.matmul ins(
func.func @product(%x: tensor<4x8xf32>, %w: tensor<8x16xf32>,
                   %y: tensor<4x16xf32>) -> tensor<4x16xf32> {
  %r = linalg.matmul ins(%x, %w : tensor<4x8xf32>, tensor<8x16xf32>)
      outs(%y : tensor<4x16xf32>) -> tensor<4x16xf32>
  return %r : tensor<4x16xf32>
}

//--- schedule.mlir

module attributes {transform.with_named_sequence} {
  transform.named_sequence private @mark(
      %op: !transform.any_op {transform.readonly})

  transform.named_sequence @named(
      %program: !transform.any_op {transform.readonly}) {
    %products = transform.structured.match ops{["linalg.matmul"]} in %program
        : (!transform.any_op) -> !transform.any_op
    transform.include @mark failures(propagate) (%products)
        : (!transform.any_op) -> ()
    transform.yield
  }

  transform.named_sequence @by_pass(%program: !transform.any_op) {
    %functions = transform.structured.match ops{["func.func"]} in %program
        : (!transform.any_op) -> !transform.any_op
    %named = transform.apply_registered_pass "name-operations" to %functions
        : (!transform.any_op) -> !transform.any_op
    transform.yield
  }

  transform.named_sequence @nothing(
      %program: !transform.any_op {transform.readonly}) {
    %none = transform.structured.match ops{["linalg.conv_2d"]} in %program
        : (!transform.any_op) -> !transform.any_op
    transform.include @mark failures(propagate) (%none)
        : (!transform.any_op) -> ()
    transform.yield
  }

  transform.named_sequence @fails(
      %program: !transform.any_op {transform.readonly}) {
    %product = transform.structured.match ops{["linalg.matmul"]} in %program
        : (!transform.any_op) -> !transform.any_op
    %function = transform.get_parent_op %product {op_name = "scf.for"}
        : (!transform.any_op) -> !transform.any_op
    transform.yield
  }
}

//--- more.mlir

module attributes {transform.with_named_sequence} {
  transform.named_sequence @mark(
      %op: !transform.any_op {transform.readonly}) {
    %name = transform.param.constant "named" -> !transform.any_param
    transform.annotate %op "done_by" = %name
        : !transform.any_op, !transform.any_param
    transform.yield
  }
}
