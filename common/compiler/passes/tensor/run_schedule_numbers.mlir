// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: split-file %s %t
// RUN: gpt2-opt %t/program.mlir \
// RUN:     --run-schedule="files=%t/schedule.mlir sequence=tile" \
// RUN:   | FileCheck %s --check-prefix=OWN
// RUN: gpt2-opt %t/program.mlir \
// RUN:     --run-schedule="files=%t/schedule.mlir sequence=tile numbers=rows=2" \
// RUN:   | FileCheck %s --check-prefix=TWO
// RUN: gpt2-opt %t/program.mlir \
// RUN:     --run-schedule="files=%t/schedule.mlir sequence=tile numbers=rows=3,columns=4" \
// RUN:   | FileCheck %s --check-prefix=BOTH
// RUN: not gpt2-opt %t/program.mlir \
// RUN:     --run-schedule="files=%t/schedule.mlir sequence=tile numbers=depth=2" 2>&1 \
// RUN:   | FileCheck %s --check-prefix=UNKNOWN
// RUN: not gpt2-opt %t/program.mlir \
// RUN:     --run-schedule="files=%t/schedule.mlir sequence=tile numbers=rows=0" 2>&1 \
// RUN:   | FileCheck %s --check-prefix=ZERO
// RUN: not gpt2-opt %t/program.mlir \
// RUN:     --run-schedule="files=%t/schedule.mlir sequence=tile numbers=rows" 2>&1 \
// RUN:   | FileCheck %s --check-prefix=NONE

// A knob has the schedule's own number,
// OWN:     linalg.matmul {{.*}} tensor<6x8xf32>, tensor<8x16xf32>
// or the one that was asked for, be it among its options or not.
// TWO:     linalg.matmul {{.*}} tensor<2x8xf32>, tensor<8x16xf32>
// BOTH:    linalg.matmul {{.*}} tensor<3x8xf32>, tensor<8x4xf32>

// What is no knob, and what is no number, are errors.
// UNKNOWN: error: run-schedule: the schedule has no knob "depth"
// ZERO:    error: run-schedule: rows=0: expected a knob's name, = and a number above 0
// NONE:    error: run-schedule: rows: expected a knob's name

//--- program.mlir

func.func @product(%x: tensor<12x8xf32>, %w: tensor<8x16xf32>,
                   %y: tensor<12x16xf32>) -> tensor<12x16xf32> {
  %r = linalg.matmul ins(%x, %w : tensor<12x8xf32>, tensor<8x16xf32>)
      outs(%y : tensor<12x16xf32>) -> tensor<12x16xf32>
  return %r : tensor<12x16xf32>
}

//--- schedule.mlir

!number = !transform.param<i64>

module attributes {transform.with_named_sequence} {
  transform.named_sequence @tile(
      %program: !transform.any_op {transform.readonly}) {
    %rows = transform.tune.knob<"rows"> = 6 from options = [4, 6] -> !number
    %columns = transform.tune.knob<"columns"> = 16 from options = [16] -> !number
    %products = transform.structured.match ops{["linalg.matmul"]} in %program
        : (!transform.any_op) -> !transform.any_op
    %tiles, %loops:2 = transform.structured.tile_using_for %products
        tile_sizes [%rows, %columns, 0]
        : (!transform.any_op, !number, !number)
          -> (!transform.any_op, !transform.any_op, !transform.any_op)
    transform.yield
  }
}
