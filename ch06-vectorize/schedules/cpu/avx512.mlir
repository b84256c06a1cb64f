// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// For x86 with AVX-512: 32 registers of 16 floats.

!op = !transform.any_op
!number = !transform.param<i64>

module attributes {transform.with_named_sequence,
                   gpt2.features = "avx512f,avx512vl,avx512dq",
                   gpt2.dot_products_bf16 = "avx512bf16",
                   gpt2.dot_products_i8 = "avx512vnni",
                   gpt2.dot_product_lanes = 16} {

  transform.named_sequence @tensors(%program: !op {transform.readonly}) {
    // A tile of a product: 8 x 32 sums in 16 registers, two registers of weights.
    // Each k costs 16 multiply-adds and 10 reads, less than two for each of them.
    %rows = transform.tune.knob<"rows"> = 8 from options = [4, 6, 8, 12] -> !number
    %columns = transform.tune.knob<"columns"> = 32 from options = [16, 32, 64] -> !number
    // Columns that a thread computes at a time: small enough for 768 of them
    // to be divided evenly among many threads.
    %part = transform.tune.knob<"part"> = 64 from options = [64, 96, 128, 192, 384] -> !number
    // Blocks of rows in the L2 cache: 64 rows of 3072 floats are 768 KiB.
    %blocks = transform.tune.knob<"blocks"> = 8 from options = [2, 4, 8, 16, 32] -> !number
    // A tile of attention, where columns are the 32 queries of a block.
    %keys = transform.tune.knob<"keys"> = 8 from options = [4, 8, 16] -> !number
    %queries = transform.tune.knob<"queries"> = 32 from options = [16, 32] -> !number

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
