// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// For x86 with AVX2 and multiply-add: 16 registers of 8 floats.

!op = !transform.any_op
!number = !transform.param<i64>

module attributes {transform.with_named_sequence,
                   gpt2.features = "avx2,fma",
                   gpt2.dot_products_i8 = "avxvnni",
                   gpt2.dot_product_lanes = 8} {

  transform.named_sequence @tensors(%program: !op {transform.readonly}) {
    // A tile of a product: 6 x 16 sums in 12 registers, two registers of weights,
    // one of the rows' elements.
    %rows = transform.tune.knob<"rows"> = 6 from options = [4, 5, 6, 8] -> !number
    %columns = transform.tune.knob<"columns"> = 16 from options = [8, 16, 32] -> !number
    // Columns that a thread computes at a time: small enough for 768 of them
    // to be divided evenly among many threads.
    %part = transform.tune.knob<"part"> = 64 from options = [64, 96, 128, 192, 384] -> !number
    // Blocks of rows in the L2 cache: 60 rows of 3072 floats are 720 KiB.
    %blocks = transform.tune.knob<"blocks"> = 10 from options = [2, 5, 10, 20, 40] -> !number
    // A tile of attention: 4 x 16 sums. (64 keys are no multiple of 6.)
    %keys = transform.tune.knob<"keys"> = 4 from options = [2, 4, 8] -> !number
    %queries = transform.tune.knob<"queries"> = 16 from options = [8, 16, 32] -> !number

    transform.include @schedule_program failures(propagate)
        (%program, %rows, %columns, %part, %blocks, %keys, %queries)
        : (!op, !number, !number, !number, !number, !number, !number) -> ()
    transform.yield
  }

  transform.named_sequence private @schedule_program(
      %program: !op {transform.readonly}, %rows: !number {transform.readonly},
      %columns: !number {transform.readonly},
      %part: !number {transform.readonly},
      %blocks: !number {transform.readonly},
      %keys: !number {transform.readonly},
      %queries: !number {transform.readonly})
}
