// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What an operation is, seen from its shape: names do not survive all patterns.

!op = !transform.any_op
!number = !transform.param<i64>

module attributes {transform.with_named_sequence} {

  // Sums of products, %rows by %columns of them.
  transform.named_sequence @is_tile_of_sums(
      %op: !op {transform.readonly}, %rows: !number {transform.readonly},
      %columns: !number {transform.readonly}) -> !op {
    %found = transform.match.structured failures(propagate) %op
        : (!op) -> !op {
    ^bb0(%s: !op):
      %rank = transform.match.structured.rank %s : (!op) -> !number
      %three = transform.param.constant 3 : i64 -> !number
      transform.match.param.cmpi eq %rank, %three : !number
      %m = transform.match.structured.dim %s[0] {parallel} : (!op) -> !number
      %n = transform.match.structured.dim %s[1] {parallel} : (!op) -> !number
      transform.match.structured.dim %s[2] {reduction} : !op
      transform.match.param.cmpi eq %m, %rows : !number
      transform.match.param.cmpi eq %n, %columns : !number
      transform.match.structured.yield %s : !op
    }
    transform.yield %found : !op
  }

  // %columns sums of products.
  transform.named_sequence @is_row_of_sums(
      %op: !op {transform.readonly}, %rows: !number {transform.readonly},
      %columns: !number {transform.readonly}) -> !op {
    %found = transform.match.structured failures(propagate) %op
        : (!op) -> !op {
    ^bb0(%s: !op):
      %rank = transform.match.structured.rank %s : (!op) -> !number
      %two = transform.param.constant 2 : i64 -> !number
      transform.match.param.cmpi eq %rank, %two : !number
      %n = transform.match.structured.dim %s[0] {parallel} : (!op) -> !number
      transform.match.structured.dim %s[1] {reduction} : !op
      transform.match.param.cmpi eq %n, %columns : !number
      transform.match.structured.yield %s : !op
    }
    transform.yield %found : !op
  }

  // What is multiplied and added: f32, perhaps extended from fewer bits.
  transform.named_sequence @is_product(%op: !op {transform.readonly}) -> !op {
    %found = transform.match.structured failures(propagate) %op
        : (!op) -> !op {
    ^bb0(%s: !op):
      transform.match.structured.body %s
          { contraction = ["arith.mulf", "arith.addf"] } : !op
      transform.match.structured.yield %s : !op
    }
    transform.yield %found : !op
  }
  // Both factors in 16 bits: pairs of products by one instruction.
  transform.named_sequence @is_product_of_pairs(%op: !op {transform.readonly})
      -> !op {
    %product = transform.include @is_product failures(propagate) (%op)
        : (!op) -> !op
    %bits = transform.param.constant 16 : i64 -> !number
    %found = transform.include @has_factors_of failures(propagate)
        (%product, %bits) : (!op, !number) -> !op
    transform.yield %found : !op
  }
  // Both in 8 bits: four at a time.
  transform.named_sequence @is_product_of_quads(%op: !op {transform.readonly})
      -> !op {
    %product = transform.match.structured failures(propagate) %op
        : (!op) -> !op {
    ^bb0(%s: !op):
      transform.match.structured.body %s
          { contraction = ["arith.muli", "arith.addi"] } : !op
      transform.match.structured.yield %s : !op
    }
    %bits = transform.param.constant 8 : i64 -> !number
    %found = transform.include @has_factors_of failures(propagate)
        (%product, %bits) : (!op, !number) -> !op
    transform.yield %found : !op
  }
  transform.named_sequence @has_factors_of(
      %op: !op {transform.readonly}, %bits: !number {transform.readonly})
      -> !op {
    %found = transform.match.structured failures(propagate) %op
        : (!op) -> !op {
    ^bb0(%s: !op):
      %first = transform.match.structured.input %s[0]
          : (!op) -> !transform.any_value
      %second = transform.match.structured.input %s[1]
          : (!op) -> !transform.any_value
      %first_bits = transform.match.structured.elemental_bitwidth %first
          : (!transform.any_value) -> !number
      %second_bits = transform.match.structured.elemental_bitwidth %second
          : (!transform.any_value) -> !number
      transform.match.param.cmpi eq %first_bits, %bits : !number
      transform.match.param.cmpi eq %second_bits, %bits : !number
      transform.match.structured.yield %s : !op
    }
    transform.yield %found : !op
  }

  transform.named_sequence @is_tile_of_product(
      %op: !op {transform.readonly}, %rows: !number {transform.readonly},
      %columns: !number {transform.readonly}) -> !op {
    %sums = transform.include @is_tile_of_sums failures(propagate)
        (%op, %rows, %columns) : (!op, !number, !number) -> !op
    %found = transform.include @is_product failures(propagate) (%sums)
        : (!op) -> !op
    transform.yield %found : !op
  }
  transform.named_sequence @is_tile_of_pairs(
      %op: !op {transform.readonly}, %rows: !number {transform.readonly},
      %columns: !number {transform.readonly}) -> !op {
    %sums = transform.include @is_tile_of_sums failures(propagate)
        (%op, %rows, %columns) : (!op, !number, !number) -> !op
    %found = transform.include @is_product_of_pairs failures(propagate) (%sums)
        : (!op) -> !op
    transform.yield %found : !op
  }
  transform.named_sequence @is_tile_of_quads(
      %op: !op {transform.readonly}, %rows: !number {transform.readonly},
      %columns: !number {transform.readonly}) -> !op {
    %sums = transform.include @is_tile_of_sums failures(propagate)
        (%op, %rows, %columns) : (!op, !number, !number) -> !op
    %found = transform.include @is_product_of_quads failures(propagate) (%sums)
        : (!op) -> !op
    transform.yield %found : !op
  }
  transform.named_sequence @is_row_of_product(
      %op: !op {transform.readonly}, %rows: !number {transform.readonly},
      %columns: !number {transform.readonly}) -> !op {
    %sums = transform.include @is_row_of_sums failures(propagate)
        (%op, %rows, %columns) : (!op, !number, !number) -> !op
    %found = transform.include @is_product failures(propagate) (%sums)
        : (!op) -> !op
    transform.yield %found : !op
  }
  transform.named_sequence @is_row_of_pairs(
      %op: !op {transform.readonly}, %rows: !number {transform.readonly},
      %columns: !number {transform.readonly}) -> !op {
    %sums = transform.include @is_row_of_sums failures(propagate)
        (%op, %rows, %columns) : (!op, !number, !number) -> !op
    %found = transform.include @is_product_of_pairs failures(propagate) (%sums)
        : (!op) -> !op
    transform.yield %found : !op
  }
  transform.named_sequence @is_row_of_quads(
      %op: !op {transform.readonly}, %rows: !number {transform.readonly},
      %columns: !number {transform.readonly}) -> !op {
    %sums = transform.include @is_row_of_sums failures(propagate)
        (%op, %rows, %columns) : (!op, !number, !number) -> !op
    %found = transform.include @is_product_of_quads failures(propagate) (%sums)
        : (!op) -> !op
    transform.yield %found : !op
  }

  // Loops over a row.
  transform.named_sequence @is_row(
      %op: !op {transform.readonly}, %rows: !number {transform.readonly},
      %columns: !number {transform.readonly}) -> !op {
    %found = transform.match.structured failures(propagate) %op
        : (!op) -> !op {
    ^bb0(%s: !op):
      %rank = transform.match.structured.rank %s : (!op) -> !number
      %one = transform.param.constant 1 : i64 -> !number
      transform.match.param.cmpi le %rank, %one : !number
      transform.match.structured.yield %s : !op
    }
    transform.yield %found : !op
  }

  // Loops over no more rows than a tile has.
  transform.named_sequence @is_few_rows(
      %op: !op {transform.readonly}, %rows: !number {transform.readonly},
      %columns: !number {transform.readonly}) -> !op {
    %found = transform.match.structured failures(propagate) %op
        : (!op) -> !op {
    ^bb0(%s: !op):
      %rank = transform.match.structured.rank %s : (!op) -> !number
      %two = transform.param.constant 2 : i64 -> !number
      transform.match.param.cmpi eq %rank, %two : !number
      %first = transform.match.structured.dim %s[0] : (!op) -> !number
      transform.match.param.cmpi le %first, %rows : !number
      transform.match.structured.yield %s : !op
    }
    transform.yield %found : !op
  }

  transform.named_sequence @mark_tile(%op: !op {transform.readonly}) {
    transform.annotate %op "schedule.tile" : !op
    transform.yield
  }
  transform.named_sequence @mark_tile_of_pairs(%op: !op {transform.readonly}) {
    transform.annotate %op "schedule.tile_of_pairs" : !op
    transform.yield
  }
  transform.named_sequence @mark_tile_of_quads(%op: !op {transform.readonly}) {
    transform.annotate %op "schedule.tile_of_quads" : !op
    transform.yield
  }
  transform.named_sequence @mark_row(%op: !op {transform.readonly}) {
    transform.annotate %op "schedule.row" : !op
    transform.yield
  }
  transform.named_sequence @mark_row_of_pairs(%op: !op {transform.readonly}) {
    transform.annotate %op "schedule.row_of_pairs" : !op
    transform.yield
  }
  transform.named_sequence @mark_row_of_quads(%op: !op {transform.readonly}) {
    transform.annotate %op "schedule.row_of_quads" : !op
    transform.yield
  }
  transform.named_sequence @mark_flat(%op: !op {transform.readonly}) {
    transform.annotate %op "schedule.flat" : !op
    transform.yield
  }

  transform.named_sequence @vectorize(%op: !op {transform.consumed}) {
    transform.structured.vectorize %op : !op
    transform.yield
  }

  // All of them.
  transform.named_sequence @vectorize_all(%ops: !op {transform.consumed}) {
    transform.foreach %ops : !op {
    ^bb0(%op: !op):
      transform.structured.vectorize %op : !op
    }
    transform.yield
  }

  // Those whose sizes are known; others stay loops.
  transform.named_sequence @vectorize_where_possible(
      %ops: !op {transform.consumed}) {
    transform.foreach %ops : !op {
    ^bb0(%op: !op):
      transform.include @vectorize failures(suppress) (%op) : (!op) -> ()
    }
    transform.yield
  }
}
