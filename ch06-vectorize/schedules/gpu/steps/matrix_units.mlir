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

  // Zeros and products get loops around tiles; then tiles are vectors.
  transform.named_sequence @divide_among_subgroups(
      %program: !op {transform.readonly}, %rows: !number {transform.readonly},
      %columns: !number {transform.readonly}) {
    %unit = transform.param.constant 16 : i64 -> !number
    %zeros = transform.structured.match ops{["linalg.fill"]}
        attributes{schedule.of_block} in %program : (!op) -> !op
    %products = transform.structured.match ops{["linalg.matmul"]}
        attributes{schedule.of_block} in %program : (!op) -> !op

    // Step 1. A subgroup's part: %rows x %columns of the sums. Zeros are divided
    // as products are, so that each subgroup starts from its own.
    transform.foreach %zeros : !op {
    ^bb0(%zero: !op):
      %part, %subgroups = transform.structured.tile_using_forall %zero
          tile_sizes [%rows, %columns]
          (mapping = [#gpu.warp<linear_dim_1>, #gpu.warp<linear_dim_0>])
          : (!op, !number, !number) -> (!op, !op)
      %tile, %down, %right = transform.structured.tile_using_for %part
          tile_sizes [%unit, %unit] : (!op, !number, !number) -> (!op, !op, !op)
      transform.annotate %down "gpt2.unroll" : !op
      transform.annotate %right "gpt2.unroll" : !op
      transform.structured.vectorize %tile : !op
    }
    transform.foreach %products : !op {
    ^bb0(%product: !op):
      %part, %subgroups = transform.structured.tile_using_forall %product
          tile_sizes [%rows, %columns]
          (mapping = [#gpu.warp<linear_dim_1>, #gpu.warp<linear_dim_0>])
          : (!op, !number, !number) -> (!op, !op)
      // Step 2. k outside, tiles inside: each k costs a row and a column of
      // tiles from shared memory, and brings a product for each pair of them.
      %slice, %k = transform.structured.tile_using_for %part
          tile_sizes [0, 0, %unit] : (!op, !number) -> (!op, !op)
      // Step 3. The tiles, written out: sums are in registers only if each has a
      // name. (So are the few slices of k.)
      %tile, %down, %right = transform.structured.tile_using_for %slice
          tile_sizes [%unit, %unit] : (!op, !number, !number) -> (!op, !op, !op)
      transform.annotate %k "gpt2.unroll" : !op
      transform.annotate %down "gpt2.unroll" : !op
      transform.annotate %right "gpt2.unroll" : !op
      // Step 4. Values of the whole subgroup: vectors of 16 x 16, a contraction.
      transform.structured.vectorize %tile {create_named_contraction} : !op
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
    // Step 6. Tiles by their places in the block's memory, not in parts of parts.
    // Factors stay in bf16: the unit extends them.
    %written_out = transform.apply_registered_pass "unroll-marked-loops"
        to %functions : (!op) -> !op
    transform.apply_patterns to %written_out {
      transform.apply_patterns.vector.fold_arith_extension
      transform.apply_patterns.memref.fold_memref_alias_ops
      transform.apply_patterns.canonicalization
    } : !op
    transform.apply_cse to %written_out : !op
    %loops = transform.structured.match ops{["scf.for"]} in %program
        : (!op) -> !op
    transform.apply_licm to %loops : !op
    // Step 7. A slice of k adds to what the one before it made; what the loop over
    // the rest of k reads first and writes last, it carries; and what was written
    // before it, zeros, is not read again.
    %chained = transform.apply_registered_pass "forward-transfers" to %written_out
        : (!op) -> !op
    %hoisted = transform.structured.hoist_redundant_vector_transfers %chained
        : (!op) -> !op
    %forwarded = transform.apply_registered_pass "forward-transfers" to %hoisted
        : (!op) -> !op
    // Step 8. Loads and stores of tiles, which distribute-tiles knows; of two
    // that are the same, one.
    transform.apply_patterns to %forwarded {
      transform.apply_patterns.vector.lower_transfer max_transfer_rank = 2
      transform.apply_patterns.canonicalization
    } : !op
    transform.apply_cse to %forwarded : !op
    transform.yield
  }
}
