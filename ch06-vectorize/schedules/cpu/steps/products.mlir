// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Products: of a matrix of weights and the rows of all tokens, or of one.
//
// What follows a product, GELU or the sum with the residual stream, is tiled, and
// the product and its bias are drawn into its tiles: whatever is needed for a
// tile is computed while the tile is in registers.

!op = !transform.any_op
!number = !transform.param<i64>

module attributes {transform.with_named_sequence} {

  // A product with something behind it is no result of its own: another name.
  transform.named_sequence @name_products(%program: !op {transform.readonly}) {
    %gelus = transform.structured.match attributes{gpt2.op = "gelu"}
        in %program : (!op) -> !op
    %residuals = transform.structured.match attributes{gpt2.op = "residual"}
        in %program : (!op) -> !op
    %followers = transform.merge_handles %gelus, %residuals : !op
    transform.foreach %followers : !op {
    ^bb0(%follower: !op):
      // Alone, in a test, a follower follows nothing.
      transform.include @name_followed failures(suppress) (%follower)
          : (!op) -> ()
    }
    transform.yield
  }

  transform.named_sequence @name_followed(%follower: !op {transform.readonly}) {
    %name = transform.param.constant "linear.followed" -> !transform.any_param
    %product = transform.get_producer_of_operand %follower[0] : (!op) -> !op
    transform.annotate %product "gpt2.op" = %name : !op, !transform.any_param
    transform.yield
  }

  // For rows in blocks: four loops around a tile of one block and %columns.
  transform.named_sequence @tile_product(
      %result: !op {transform.consumed}, %part: !number {transform.readonly},
      %blocks: !number {transform.readonly},
      %columns: !number {transform.readonly}) {
    // Parts of the columns, each computed by one thread: of the weights, which
    // are most of what is read, each thread reads its own.
    %of_part, %parts = transform.structured.fuse %result
        tile_sizes [0, 0, %part] {use_forall} : (!op, !number) -> (!op, !op)
    // As many rows as stay in the L2 cache while the weights go by.
    %of_cache, %cached = transform.structured.fuse %of_part
        tile_sizes [%blocks, 0, 0] : (!op, !number) -> (!op, !op)
    // A panel of weights, which stays in the L1 or L2 cache while rows go by.
    %of_panel, %panels = transform.structured.fuse %of_cache
        tile_sizes [0, 0, %columns]
        : (!op, !number) -> (!op, !transform.op<"scf.for">)
    // The tile.
    %tile, %rows = transform.structured.fuse %of_panel tile_sizes [1, 0, 0]
        : (!op) -> (!op, !op)
    transform.include @split_off_rest failures(suppress) (%panels)
        : (!transform.op<"scf.for">) -> ()
    transform.yield
  }

  // For one row: two loops around a tile of %columns.
  transform.named_sequence @tile_row_product(
      %result: !op {transform.consumed}, %part: !number {transform.readonly},
      %columns: !number {transform.readonly}) {
    %of_part, %parts = transform.structured.fuse %result
        tile_sizes [0, %part] {use_forall} : (!op, !number) -> (!op, !op)
    %tile, %panels = transform.structured.fuse %of_part tile_sizes [0, %columns]
        : (!op, !number) -> (!op, !transform.op<"scf.for">)
    transform.include @split_off_rest failures(suppress) (%panels)
        : (!transform.op<"scf.for">) -> ()
    transform.yield
  }

  // If the columns are no multiple of a panel, as 50257 are not, what is left
  // gets code of its own, and all whole panels have a size that is known. If they
  // are one, this fails, and nothing is left.
  transform.named_sequence @split_off_rest(
      %panels: !transform.op<"scf.for"> {transform.consumed}) {
    %whole, %rest = transform.loop.peel %panels
        : (!transform.op<"scf.for">) -> (!op, !op)
    transform.yield
  }

  // A tile of a product: %rows times %columns sums that all get one more summand
  // for each k, or for each %depth of them. They stay in registers.
  transform.named_sequence @keep_sums_in_registers(
      %product: !op {transform.consumed},
      %depth: !number {transform.readonly}) {
    %step, %k = transform.structured.tile_using_for %product
        tile_sizes [0, 0, %depth] : (!op, !number) -> (!op, !op)
    transform.structured.vectorize %step : !op
    // An outer product: %rows elements, each times %columns elements. What is in
    // fewer bits is extended before it is repeated.
    transform.apply_patterns to %k {
      transform.apply_patterns.vector.sink_ops
      transform.apply_patterns.vector.reduction_to_contract
      transform.apply_patterns.vector.transfer_permutation_patterns
      transform.apply_patterns.tensor.fold_tensor_subset_ops_into_vector_transfers
      transform.apply_patterns.canonicalization
    } : !op
    transform.yield
  }

  transform.named_sequence @keep_all_sums_in_registers(
      %products: !op {transform.consumed},
      %depth: !number {transform.readonly}) {
    transform.foreach %products : !op {
    ^bb0(%product: !op):
      transform.include @keep_sums_in_registers failures(propagate)
          (%product, %depth) : (!op, !number) -> ()
    }
    transform.yield
  }

  // The same for a single row.
  transform.named_sequence @keep_row_in_registers(
      %product: !op {transform.consumed}) {
    %unit, %k = transform.structured.tile_using_for %product tile_sizes [0, 1]
        : (!op) -> (!op, !op)
    transform.apply_patterns to %k {
      transform.apply_patterns.linalg.fold_unit_extent_dims_via_slices
      transform.apply_patterns.canonicalization
    } : !op
    %step = transform.structured.match ops{["linalg.generic"]} in %k
        : (!op) -> !op
    transform.structured.vectorize %step : !op
    transform.apply_patterns to %k {
      transform.apply_patterns.vector.transfer_permutation_patterns
      transform.apply_patterns.tensor.fold_tensor_subset_ops_into_vector_transfers
      transform.apply_patterns.canonicalization
    } : !op
    transform.yield
  }

  // And for one with %depth terms at a time.
  transform.named_sequence @keep_rows_of_several_in_registers(
      %products: !op {transform.consumed},
      %depth: !number {transform.readonly}) {
    transform.foreach %products : !op {
    ^bb0(%product: !op):
      %step, %k = transform.structured.tile_using_for %product
          tile_sizes [0, %depth] : (!op, !number) -> (!op, !op)
      transform.structured.vectorize %step : !op
      transform.apply_patterns to %k {
        transform.apply_patterns.vector.sink_ops
        transform.apply_patterns.vector.reduction_to_contract
        transform.apply_patterns.vector.transfer_permutation_patterns
        transform.apply_patterns.tensor.fold_tensor_subset_ops_into_vector_transfers
        transform.apply_patterns.canonicalization
      } : !op
    }
    transform.yield
  }
}
