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
    %rows = transform.param.constant 8 : i64 -> !number // or 4, 6, 12
    %columns = transform.param.constant 32 : i64 -> !number // or 16, 64
    // Columns that a thread computes at a time: small enough for 768 of them
    // to be divided evenly among many threads.
    %part = transform.param.constant 64 : i64 -> !number // or 96, 128, 192, 384
    // Blocks of rows in the L2 cache: 64 rows of 3072 floats are 768 KiB.
    %blocks = transform.param.constant 8 : i64 -> !number // or 2, 4, 16, 32
    // A tile of attention, where columns are the 32 queries of a block.
    %keys = transform.param.constant 8 : i64 -> !number // or 4, 16
    %queries = transform.param.constant 32 : i64 -> !number // or 16

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
