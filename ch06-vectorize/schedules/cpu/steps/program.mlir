// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The whole program: each kernel's result, in the order of the text.

!op = !transform.any_op
!number = !transform.param<i64>

module attributes {transform.with_named_sequence} {

  transform.named_sequence @schedule_program(
      %program: !op {transform.readonly}, %rows: !number {transform.readonly},
      %columns: !number {transform.readonly},
      %part: !number {transform.readonly},
      %blocks: !number {transform.readonly},
      %keys: !number {transform.readonly},
      %queries: !number {transform.readonly}) {
    transform.include @name_products failures(propagate) (%program) : (!op) -> ()

    // Step 1. Loops around tiles. In the order of the text: an operation draws in
    // what it needs up to what has loops already.
    %functions = transform.structured.match ops{["func.func"]} in %program
        : (!op) -> !op
    %results = transform.structured.match
        attributes{gpt2.result, gpt2.blocked} in %program : (!op) -> !op
    transform.foreach %results : !op {
    ^bb0(%result: !op):
      transform.include @tile_blocks failures(propagate)
          (%result, %part, %blocks, %columns)
          : (!op, !number, !number, !number) -> ()
      // Loops that were drawn in and turned out not to be needed.
      transform.apply_dce to %functions : !op
    }
    // Loops count the rows of operations that were drawn into them. Those before
    // the loops would be computed for that number alone.
    transform.apply_patterns to %functions {
      transform.apply_patterns.memref.resolve_ranked_shaped_type_result_dims
    } : !op
    transform.apply_dce to %functions : !op
    transform.apply_cse to %functions : !op
    transform.include @tile_columns_of_rows failures(propagate)
        (%program, %part) : (!op, !number) -> ()
    %decode = transform.structured.match ops{["func.func"]}
        attributes{sym_name = "decode"} in %program : (!op) -> !op
    transform.foreach %decode : !op {
    ^bb0(%function: !op):
      transform.include @tile_single_rows failures(propagate) (%function, %part)
          : (!op, !number) -> ()
      %row_results = transform.structured.match attributes{gpt2.result}
          in %function : (!op) -> !op
      transform.foreach %row_results : !op {
      ^bb1(%result: !op):
        transform.include @tile_row failures(propagate)
            (%result, %part, %columns) : (!op, !number, !number) -> ()
      }
    }
    transform.include @tile_logits_decode failures(propagate)
        (%program, %part, %columns) : (!op, !number, !number) -> ()
    transform.include @tile_attention failures(propagate)
        (%program, %keys, %queries) : (!op, !number, !number) -> ()

    // Step 2. A tile's loops that run once are no loops: of a tile of 1 x 8 x 32,
    // 8 x 32 is left. (With them, step 4 would not know a sum when it sees one.)
    transform.apply_patterns to %functions {
      transform.apply_patterns.linalg.fold_unit_extent_dims_via_slices
      transform.apply_patterns.linalg.tiling_canonicalization
      transform.apply_patterns.tensor.fold_tensor_empty
      transform.apply_patterns.canonicalization
    } : !op
    transform.apply_cse to %functions : !op

    // Step 3. Tiles to vectors.
    %marked = transform.foreach_match in %functions, %rows, %columns
        @is_tile_of_quads -> @mark_tile_of_quads,
        @is_tile_of_pairs -> @mark_tile_of_pairs,
        @is_tile_of_product -> @mark_tile,
        @is_row_of_quads -> @mark_row_of_quads,
        @is_row_of_pairs -> @mark_row_of_pairs,
        @is_row_of_product -> @mark_row,
        @is_row -> @mark_flat,
        @is_few_rows -> @mark_flat : (!op, !number, !number) -> !op
    %marked_again = transform.foreach_match in %marked, %keys, %queries
        @is_tile_of_quads -> @mark_tile_of_quads,
        @is_tile_of_pairs -> @mark_tile_of_pairs,
        @is_tile_of_product -> @mark_tile : (!op, !number, !number) -> !op
    %one = transform.param.constant 1 : i64 -> !number
    %two = transform.param.constant 2 : i64 -> !number
    %four = transform.param.constant 4 : i64 -> !number
    %tiles = transform.structured.match attributes{schedule.tile} in %program
        : (!op) -> !op
    transform.include @keep_all_sums_in_registers failures(propagate)
        (%tiles, %one) : (!op, !number) -> ()
    %tiles_of_pairs = transform.structured.match
        attributes{schedule.tile_of_pairs} in %program : (!op) -> !op
    transform.include @keep_all_sums_in_registers failures(propagate)
        (%tiles_of_pairs, %two) : (!op, !number) -> ()
    %tiles_of_quads = transform.structured.match
        attributes{schedule.tile_of_quads} in %program : (!op) -> !op
    transform.include @keep_all_sums_in_registers failures(propagate)
        (%tiles_of_quads, %four) : (!op, !number) -> ()
    %row_tiles = transform.structured.match attributes{schedule.row}
        in %program : (!op) -> !op
    transform.foreach %row_tiles : !op {
    ^bb0(%tile: !op):
      transform.include @keep_row_in_registers failures(propagate) (%tile)
          : (!op) -> ()
    }
    // A row of several terms is a tile of one row.
    %rows_of_pairs = transform.structured.match
        attributes{schedule.row_of_pairs} in %program : (!op) -> !op
    transform.include @keep_rows_of_several_in_registers failures(propagate)
        (%rows_of_pairs, %two) : (!op, !number) -> ()
    %rows_of_quads = transform.structured.match
        attributes{schedule.row_of_quads} in %program : (!op) -> !op
    transform.include @keep_rows_of_several_in_registers failures(propagate)
        (%rows_of_quads, %four) : (!op, !number) -> ()
    %others = transform.structured.match attributes{schedule.flat} in %program
        : (!op) -> !op
    transform.include @vectorize_where_possible failures(propagate) (%others)
        : (!op) -> ()

    // Step 4. What a loop reads first and writes last, it can carry: the sums.
    transform.apply_patterns to %marked_again {
      transform.apply_patterns.tensor.merge_consecutive_insert_extract_slice
      transform.apply_patterns.vector.transfer_permutation_patterns
      transform.apply_patterns.tensor.fold_tensor_subset_ops_into_vector_transfers
      transform.apply_patterns.canonicalization
    } : !op
    transform.apply_cse to %marked_again : !op
    %loops = transform.structured.match ops{["scf.for"]} in %program
        : (!op) -> !op
    transform.loop.hoist_loop_invariant_subsets %loops : !op
    transform.yield
  }

  transform.named_sequence @tile_blocks(
      %result: !op {transform.readonly}, %part: !number {transform.readonly},
      %blocks: !number {transform.readonly},
      %columns: !number {transform.readonly}) {
    %layernorm = transform.structured.match attributes{gpt2.op = "layernorm"}
        in %result : (!op) -> !op
    %linear = transform.structured.match attributes{gpt2.op = "linear"}
        in %result : (!op) -> !op
    %gelu = transform.structured.match attributes{gpt2.op = "gelu"}
        in %result : (!op) -> !op
    %residual = transform.structured.match attributes{gpt2.op = "residual"}
        in %result : (!op) -> !op
    %scaled = transform.structured.match attributes{gpt2.op = "scaled"}
        in %result : (!op) -> !op
    %logits = transform.structured.match attributes{gpt2.op = "logits"}
        in %result : (!op) -> !op
    %rounded = transform.structured.match attributes{gpt2.op = "rounded"}
        in %result : (!op) -> !op
    %quantized = transform.structured.match attributes{gpt2.op = "quantized"}
        in %result : (!op) -> !op
    %largest = transform.structured.match
        attributes{gpt2.op = "quantized.largest"} in %result : (!op) -> !op
    %products = transform.merge_handles %linear, %gelu, %residual, %scaled : !op
    %of_rows = transform.merge_handles %layernorm, %rounded, %quantized, %largest
        : !op
    transform.foreach %of_rows : !op {
    ^bb0(%x: !op):
      transform.include @tile_rows failures(propagate) (%x) : (!op) -> ()
    }
    transform.foreach %products : !op {
    ^bb0(%x: !op):
      transform.include @tile_product failures(propagate)
          (%x, %part, %blocks, %columns)
          : (!op, !number, !number, !number) -> ()
    }
    // Its loops are over (v, blocks, rows, c): rows first, as in the others.
    transform.foreach %logits : !op {
    ^bb0(%x: !op):
      %y = transform.structured.interchange %x
          iterator_interchange = [1, 2, 0, 3] : (!op) -> !op
      transform.include @tile_product failures(propagate)
          (%y, %part, %blocks, %columns)
          : (!op, !number, !number, !number) -> ()
    }
    transform.yield
  }

  // The logits of a single row, behind a prompt or a token.
  transform.named_sequence @tile_logits_decode(
      %program: !op {transform.readonly}, %part: !number {transform.readonly},
      %columns: !number {transform.readonly}) {
    %scaled = transform.structured.match attributes{gpt2.op = "scaled.of_one"}
        in %program : (!op) -> !op
    transform.foreach %scaled : !op {
    ^bb0(%x: !op):
      transform.include @tile_row_product failures(propagate)
          (%x, %part, %columns) : (!op, !number, !number) -> ()
    }
    // Its loops are over (v, rows, c).
    %all = transform.structured.match attributes{gpt2.op = "logits.of_one"}
        in %program : (!op) -> !op
    transform.foreach %all : !op {
    ^bb0(%x: !op):
      %y = transform.structured.interchange %x
          iterator_interchange = [1, 0, 2] : (!op) -> !op
      transform.include @tile_row_product failures(propagate)
          (%y, %part, %columns) : (!op, !number, !number) -> ()
    }
    transform.yield
  }

  transform.named_sequence @tile_row(
      %result: !op {transform.readonly}, %part: !number {transform.readonly},
      %columns: !number {transform.readonly}) {
    %linear = transform.structured.match attributes{gpt2.op = "linear"}
        in %result : (!op) -> !op
    %gelu = transform.structured.match attributes{gpt2.op = "gelu"}
        in %result : (!op) -> !op
    %residual = transform.structured.match attributes{gpt2.op = "residual"}
        in %result : (!op) -> !op
    %scaled = transform.structured.match attributes{gpt2.op = "scaled"}
        in %result : (!op) -> !op
    %products = transform.merge_handles %linear, %gelu, %residual, %scaled : !op
    transform.foreach %products : !op {
    ^bb0(%x: !op):
      transform.include @tile_row_product failures(propagate)
          (%x, %part, %columns) : (!op, !number, !number) -> ()
    }
    transform.yield
  }

  // Of the other files.
  transform.named_sequence private @name_products(
      %program: !op {transform.readonly})
  transform.named_sequence private @tile_product(
      %result: !op {transform.consumed}, %part: !number {transform.readonly},
      %blocks: !number {transform.readonly},
      %columns: !number {transform.readonly})
  transform.named_sequence private @tile_row_product(
      %result: !op {transform.consumed}, %part: !number {transform.readonly},
      %columns: !number {transform.readonly})
  transform.named_sequence private @keep_all_sums_in_registers(
      %products: !op {transform.consumed},
      %depth: !number {transform.readonly})
  transform.named_sequence private @keep_rows_of_several_in_registers(
      %products: !op {transform.consumed},
      %depth: !number {transform.readonly})
  transform.named_sequence private @keep_row_in_registers(
      %product: !op {transform.consumed})
  transform.named_sequence private @tile_rows(
      %result: !op {transform.consumed})
  transform.named_sequence private @tile_columns_of_rows(
      %program: !op {transform.readonly}, %part: !number {transform.readonly})
  transform.named_sequence private @tile_single_rows(
      %function: !op {transform.readonly}, %part: !number {transform.readonly})
  transform.named_sequence private @tile_attention(
      %program: !op {transform.readonly}, %keys: !number {transform.readonly},
      %queries: !number {transform.readonly})
  transform.named_sequence private @vectorize_where_possible(
      %ops: !op {transform.consumed})
  transform.named_sequence private @is_tile_of_quads(
      %op: !op {transform.readonly}, %rows: !number {transform.readonly},
      %columns: !number {transform.readonly}) -> !op
  transform.named_sequence private @is_tile_of_pairs(
      %op: !op {transform.readonly}, %rows: !number {transform.readonly},
      %columns: !number {transform.readonly}) -> !op
  transform.named_sequence private @is_tile_of_product(
      %op: !op {transform.readonly}, %rows: !number {transform.readonly},
      %columns: !number {transform.readonly}) -> !op
  transform.named_sequence private @is_row_of_quads(
      %op: !op {transform.readonly}, %rows: !number {transform.readonly},
      %columns: !number {transform.readonly}) -> !op
  transform.named_sequence private @is_row_of_pairs(
      %op: !op {transform.readonly}, %rows: !number {transform.readonly},
      %columns: !number {transform.readonly}) -> !op
  transform.named_sequence private @is_row_of_product(
      %op: !op {transform.readonly}, %rows: !number {transform.readonly},
      %columns: !number {transform.readonly}) -> !op
  transform.named_sequence private @is_row(
      %op: !op {transform.readonly}, %rows: !number {transform.readonly},
      %columns: !number {transform.readonly}) -> !op
  transform.named_sequence private @is_few_rows(
      %op: !op {transform.readonly}, %rows: !number {transform.readonly},
      %columns: !number {transform.readonly}) -> !op
  transform.named_sequence private @mark_tile(%op: !op {transform.readonly})
  transform.named_sequence private @mark_tile_of_pairs(
      %op: !op {transform.readonly})
  transform.named_sequence private @mark_tile_of_quads(
      %op: !op {transform.readonly})
  transform.named_sequence private @mark_row(%op: !op {transform.readonly})
  transform.named_sequence private @mark_row_of_pairs(
      %op: !op {transform.readonly})
  transform.named_sequence private @mark_row_of_quads(
      %op: !op {transform.readonly})
  transform.named_sequence private @mark_flat(%op: !op {transform.readonly})
}
