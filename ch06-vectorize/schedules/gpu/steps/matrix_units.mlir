// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A block's products, divided among its subgroups and these among tiles of
// 16 x 16 x 16, which is what one instruction of a matrix unit multiplies.
//
// The program says what a block has in shared memory and where it waits: sums,
// all zero, and a product that is added to them for each part of k (gpu.launch,
// memref, linalg marked schedule.of_block). It says nothing about subgroups.

!op = !transform.any_op
!number = !transform.param<i64>

module attributes {transform.with_named_sequence} {

  // Zeros and products are divided in the same way, so that each subgroup starts
  // from its own; then they are vectors.
  transform.named_sequence @divide_among_subgroups(
      %program: !op {transform.readonly}, %rows: !number {transform.readonly},
      %columns: !number {transform.readonly}) {
    %all = transform.structured.match ops{["linalg.fill", "linalg.matmul"]}
        attributes{schedule.of_block} in %program : (!op) -> !op
    transform.foreach %all : !op {
    ^bb0(%of_block: !op):
      // Step 1. A subgroup's part: %rows x %columns of the sums.
      %part, %subgroups = transform.structured.tile_using_forall %of_block
          tile_sizes [%rows, %columns]
          (mapping = [#gpu.warp<linear_dim_1>, #gpu.warp<linear_dim_0>])
          : (!op, !number, !number) -> (!op, !op)
      // Step 2. Values of the whole subgroup: a vector for each factor and for the
      // sums, a contraction.
      transform.structured.vectorize %part {create_named_contraction} : !op
    }
    transform.yield
  }

  // The launches that have such parts; the file for the chip says which of their
  // threads are a subgroup.
  transform.named_sequence @launches_with_parts(
      %program: !op {transform.readonly}) -> !op {
    %parts = transform.structured.match ops{["scf.forall"]} in %program
        : (!op) -> !op
    %launches = transform.get_parent_op %parts
        {op_name = "gpu.launch", deduplicate} : (!op) -> !op
    transform.yield %launches : !op
  }

  // Once parts are subgroups', and their places numbers: sums stay in registers.
  transform.named_sequence @keep_sums_in_registers(
      %program: !op {transform.readonly}) {
    %functions = transform.structured.match ops{["func.func"]} in %program
        : (!op) -> !op
    // Step 4. Factors stay in bf16: the unit extends them.
    transform.apply_patterns to %functions {
      transform.apply_patterns.vector.fold_arith_extension
    } : !op
    // Step 5. Tiles, by their places in the block's memory, not in parts of parts.
    // k is outside: each 16 of it cost a row and a column of tiles from shared
    // memory, and bring a product for each pair of them. All are written out: sums
    // are in registers only if each has a name.
    transform.apply_patterns to %functions {
      transform.apply_patterns.gpu.unroll_vectors_subgroup_mma [16, 16, 16]
      transform.apply_patterns.memref.fold_memref_alias_ops
      transform.apply_patterns.canonicalization
    } : !op
    transform.apply_cse to %functions : !op
    %loops = transform.structured.match ops{["scf.for"]} in %program
        : (!op) -> !op
    transform.apply_licm to %loops : !op
    // Step 6. What the loop over the rest of k reads first and writes last, it
    // carries; and what was written before it, zeros, is not read again.
    %hoisted = transform.structured.hoist_redundant_vector_transfers %functions
        : (!op) -> !op
    transform.memref.erase_dead_alloc_and_stores %hoisted : (!op) -> ()
    // Step 7. Loads and stores of tiles, which distribute-tiles knows; of two
    // that are the same, one.
    transform.apply_patterns to %hoisted {
      transform.apply_patterns.vector.lower_transfer max_transfer_rank = 2
      transform.apply_patterns.canonicalization
    } : !op
    transform.apply_cse to %hoisted : !op
    // Each load next to what uses it first: fewer are in registers at a time. (Only
    // the pattern's name is of x86.)
    transform.apply_patterns to %hoisted {
      transform.apply_patterns.x86vector.sink_vector_producer_ops
    } : !op
    transform.yield
  }
}
