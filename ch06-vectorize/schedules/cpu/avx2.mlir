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
    %rows = transform.param.constant 6 : i64 -> !number // or 4, 5, 8
    %columns = transform.param.constant 16 : i64 -> !number // or 8, 32
    // Columns that a thread computes at a time: small enough for 768 of them
    // to be divided evenly among many threads.
    %part = transform.param.constant 64 : i64 -> !number // or 96, 128, 192, 384
    // Blocks of rows in the L2 cache: 60 rows of 3072 floats are 720 KiB.
    %blocks = transform.param.constant 10 : i64 -> !number // or 2, 5, 20, 40
    // A tile of attention: 4 x 16 sums. (64 keys are no multiple of 6.)
    %keys = transform.param.constant 4 : i64 -> !number // or 2, 8
    %queries = transform.param.constant 16 : i64 -> !number // or 8, 32

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
