// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Attention: what a block of keys needs, in tiles of some keys and some queries.

!op = !transform.any_op
!number = !transform.param<i64>

module attributes {transform.with_named_sequence} {

  // In the order of the text: an operation draws in what it needs up to what has
  // loops already. The scores go into the mask's tiles; the old y, shrunk, is
  // what the sums of a tile of the new y begin with. The weights get loops of
  // their own: every exp is needed by many tiles, and computed once.
  transform.named_sequence @tile_attention(
      %program: !op {transform.readonly}, %keys: !number {transform.readonly},
      %queries: !number {transform.readonly}) {
    %masks = transform.structured.match attributes{gpt2.op = "attention.seen"}
        in %program : (!op) -> !op
    %largest = transform.structured.match attributes{gpt2.op = "attention.max"}
        in %program : (!op) -> !op
    %weights = transform.structured.match
        attributes{gpt2.op = "attention.weights"} in %program : (!op) -> !op
    %sums = transform.structured.match attributes{gpt2.op = "attention.sum"}
        in %program : (!op) -> !op
    %values = transform.structured.match
        attributes{gpt2.op = "attention.values"} in %program : (!op) -> !op
    transform.include @tile_both failures(propagate)
        (%masks, %keys, %queries) : (!op, !number, !number) -> ()
    transform.include @tile_keys failures(propagate) (%weights, %keys)
        : (!op, !number) -> ()
    // The largest score and the sum of weights: over keys, that is over rows, an
    // operation on whole vectors for each.
    %one = transform.param.constant 1 : i64 -> !number
    transform.include @tile_keys failures(propagate) (%largest, %one)
        : (!op, !number) -> ()
    transform.include @tile_keys failures(propagate) (%sums, %one)
        : (!op, !number) -> ()
    // Like the weights: once, and not once for each tile of the new y.
    %shrinks = transform.structured.match
        attributes{gpt2.op = "attention.shrink"} in %program : (!op) -> !op
    transform.include @vectorize_all failures(propagate) (%shrinks)
        : (!op) -> ()
    transform.include @tile_both failures(propagate)
        (%values, %keys, %queries) : (!op, !number, !number) -> ()
    transform.yield
  }

  transform.named_sequence @tile_both(
      %ops: !op {transform.consumed}, %keys: !number {transform.readonly},
      %queries: !number {transform.readonly}) {
    transform.foreach %ops : !op {
    ^bb0(%op: !op):
      %tile, %loops:2 = transform.structured.fuse %op
          tile_sizes [%keys, %queries] : (!op, !number, !number) -> (!op, !op, !op)
    }
    transform.yield
  }

  transform.named_sequence @tile_keys(
      %ops: !op {transform.consumed}, %keys: !number {transform.readonly}) {
    transform.foreach %ops : !op {
    ^bb0(%op: !op):
      %tile, %loop = transform.structured.tile_using_for %op tile_sizes [%keys]
          : (!op, !number) -> (!op, !op)
    }
    transform.yield
  }

  transform.named_sequence private @vectorize_all(
      %ops: !op {transform.consumed})
}
