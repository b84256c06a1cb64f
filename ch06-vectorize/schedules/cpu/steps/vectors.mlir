// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// From vectors of any shape to those that LLVM knows: behind bufferization.

!op = !transform.any_op
!number = !transform.param<i64>

module attributes {transform.with_named_sequence} {

  transform.named_sequence @vectors(%program: !op {transform.readonly}) {
    %functions = transform.structured.match ops{["func.func"]} in %program
        : (!op) -> !op
    // An outer product to a multiply-add for each row of the tile; a sum within a
    // vector to LLVM's.
    transform.apply_patterns to %functions {
      transform.apply_patterns.vector.lower_contraction
          lowering_strategy = "outerproduct"
      transform.apply_patterns.vector.transfer_permutation_patterns
      transform.apply_patterns.vector.lower_multi_reduction
          lowering_strategy = "innerreduction"
      transform.apply_patterns.canonicalization
    } : !op
    transform.apply_patterns to %functions {
      transform.apply_patterns.vector.lower_outerproduct
      transform.apply_patterns.canonicalization
    } : !op
    // Reads and writes of tiles to those of rows. What is extended is extended as
    // it was read: what turns it round turns it back.
    transform.apply_patterns to %functions {
      transform.apply_patterns.vector.transfer_to_scf
          max_transfer_rank = 1 full_unroll = true
      transform.apply_patterns.vector.sink_ops
      transform.apply_patterns.canonicalization
    } : !op
    transform.apply_patterns to %functions {
      transform.apply_patterns.vector.lower_transfer max_transfer_rank = 1
      transform.apply_patterns.vector.lower_transpose
      transform.apply_patterns.vector.lower_shape_cast
      transform.apply_patterns.canonicalization
    } : !op
    transform.yield
  }
}
