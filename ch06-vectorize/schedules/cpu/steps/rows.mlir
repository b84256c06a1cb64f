// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Layer normalization and what else is computed row by row, with sums over a row:
// %part elements at a time.

!op = !transform.any_op
!number = !transform.param<i64>

module attributes {transform.with_named_sequence} {

  // For rows in blocks: threads divide the blocks. A row's last operation draws in
  // those before it.
  transform.named_sequence @tile_rows(%result: !op {transform.consumed}) {
    %of_block, %blocks = transform.structured.fuse %result
        tile_sizes [1, 0, 0] {use_forall} : (!op) -> (!op, !op)
    %row, %rows = transform.structured.fuse %of_block tile_sizes [0, 1, 0]
        : (!op) -> (!op, !op)
    transform.yield
  }

  // And each of them gets loops of its own: a sum over the row must be there before
  // its first use.
  transform.named_sequence @tile_columns_of_rows(
      %program: !op {transform.readonly}, %part: !number {transform.readonly}) {
    %all = transform.include @row_by_row failures(propagate) (%program)
        : (!op) -> !op
    transform.foreach %all : !op {
    ^bb0(%x: !op):
      // One number of the row is no row.
      transform.include @tile_columns_of_block failures(suppress) (%x, %part)
          : (!op, !number) -> ()
    }
    transform.yield
  }

  transform.named_sequence @tile_columns_of_block(
      %op: !op {transform.consumed}, %part: !number {transform.readonly}) {
    %tile, %columns = transform.structured.tile_using_for %op
        tile_sizes [0, 0, %part] : (!op, !number) -> (!op, !op)
    transform.yield
  }

  // For one row, before anything else: what has loops is not computed again for
  // each tile of what follows it.
  transform.named_sequence @tile_single_rows(
      %function: !op {transform.readonly}, %part: !number {transform.readonly}) {
    %numbers = transform.include @row_by_row failures(propagate) (%function)
        : (!op) -> !op
    transform.foreach %numbers : !op {
    ^bb0(%x: !op):
      transform.include @vectorize_number failures(suppress) (%x) : (!op) -> ()
    }
    %rows = transform.include @row_by_row failures(propagate) (%function)
        : (!op) -> !op
    transform.foreach %rows : !op {
    ^bb0(%x: !op):
      %tile, %columns = transform.structured.tile_using_for %x
          tile_sizes [0, %part] : (!op, !number) -> (!op, !op)
    }
    transform.yield
  }

  transform.named_sequence @row_by_row(%function: !op {transform.readonly})
      -> !op {
    %results = transform.structured.match attributes{gpt2.op = "layernorm"}
        in %function : (!op) -> !op
    %fills = transform.structured.match attributes{gpt2.op = "layernorm.fill"}
        in %function : (!op) -> !op
    %sums = transform.structured.match attributes{gpt2.op = "layernorm.reduce"}
        in %function : (!op) -> !op
    %others = transform.structured.match attributes{gpt2.op = "layernorm.generic"}
        in %function : (!op) -> !op
    %rounded = transform.structured.match attributes{gpt2.op = "rounded"}
        in %function : (!op) -> !op
    %no_largest = transform.structured.match attributes{gpt2.op = "quantized.fill"}
        in %function : (!op) -> !op
    %largest = transform.structured.match attributes{gpt2.op = "quantized.largest"}
        in %function : (!op) -> !op
    %inverses = transform.structured.match attributes{gpt2.op = "quantized.inverse"}
        in %function : (!op) -> !op
    %quantized = transform.structured.match attributes{gpt2.op = "quantized"}
        in %function : (!op) -> !op
    %all = transform.merge_handles %results, %fills, %sums, %others, %rounded,
        %no_largest, %largest, %inverses, %quantized : !op
    transform.yield %all : !op
  }

  transform.named_sequence @vectorize_number(%op: !op {transform.readonly}) {
    %number = transform.match.structured failures(propagate) %op
        : (!op) -> !op {
    ^bb0(%s: !op):
      %rank = transform.match.structured.rank %s : (!op) -> !number
      %one = transform.param.constant 1 : i64 -> !number
      transform.match.param.cmpi eq %rank, %one : !number
      transform.match.structured.yield %s : !op
    }
    transform.structured.vectorize %number : !op
    transform.yield
  }
}
