// Layer normalization: a row at a time, all of it in vectors.

!op = !transform.any_op
!number = !transform.param<i64>

module attributes {transform.with_named_sequence} {

  // For rows in blocks: threads divide the blocks.
  transform.named_sequence @tile_layernorm(%result: !op {transform.consumed}) {
    %of_block, %blocks = transform.structured.fuse %result
        tile_sizes [1, 0, 0] {use_forall} : (!op) -> (!op, !op)
    %row, %rows = transform.structured.fuse %of_block tile_sizes [0, 1, 0]
        : (!op) -> (!op, !op)
    transform.yield
  }

  // For one row, all parts but the last, which is the kernel's result.
  transform.named_sequence @vectorize_layernorms(
      %function: !op {transform.readonly}) {
    %fills = transform.structured.match
        attributes{gpt2.op = "layernorm.fill"} in %function : (!op) -> !op
    %sums = transform.structured.match
        attributes{gpt2.op = "layernorm.reduce"} in %function : (!op) -> !op
    %others = transform.structured.match
        attributes{gpt2.op = "layernorm.generic"} in %function : (!op) -> !op
    %all = transform.merge_handles %fills, %sums, %others : !op
    transform.include @vectorize_all failures(propagate) (%all) : (!op) -> ()
    transform.yield
  }

  transform.named_sequence private @vectorize_all(
      %ops: !op {transform.consumed})
}
