// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// For CPUs with registers of 4 floats: AArch64, x86 with SSE.

!op = !transform.any_op
!number = !transform.param<i64>

module attributes {transform.with_named_sequence,
                   gpt2.features = ""} {

  transform.named_sequence @tensors(%program: !op {transform.readonly}) {
    // A tile of a product: 6 x 8 sums in 12 registers, which leaves four of SSE's
    // 16 registers, and most of AArch64's 32.
    %rows = transform.tune.knob<"rows"> = 6 from options = [4, 5, 6, 8] -> !number
    %columns = transform.tune.knob<"columns"> = 8 from options = [4, 8, 16] -> !number
    // Columns that a thread computes at a time: small enough for 768 of them
    // to be divided evenly among many threads.
    %part = transform.tune.knob<"part"> = 64 from options = [64, 96, 128, 192, 384] -> !number
    // Blocks of rows in the L2 cache: 60 rows of 3072 floats are 720 KiB.
    %blocks = transform.tune.knob<"blocks"> = 10 from options = [2, 5, 10, 20, 40] -> !number
    // A tile of attention: 4 x 8 sums.
    %keys = transform.tune.knob<"keys"> = 4 from options = [2, 4, 8] -> !number
    %queries = transform.tune.knob<"queries"> = 8 from options = [4, 8, 16] -> !number

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
