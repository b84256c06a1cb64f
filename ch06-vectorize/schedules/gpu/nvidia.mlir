// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// For NVIDIA since Ampere: tensor cores, which mma.sync.m16n8k16 feeds.

!op = !transform.any_op
!number = !transform.param<i64>

module attributes {transform.with_named_sequence,
                   gpt2.chips = "sm_(8|9|1[0-9])[0-9][af]?"} {

  transform.named_sequence @launches(%program: !op {transform.readonly}) {
    // A subgroup makes a quarter of 64 x 64 sums: four tiles, 32 registers
    // a lane, for which ldmatrix brings four tiles of factors. Parts of 16 x 64
    // would be as many sums from five tiles of factors.
    %rows = transform.param.constant 32 : i64 -> !number
    %columns = transform.param.constant 32 : i64 -> !number
    transform.include @divide_among_subgroups failures(propagate)
        (%program, %rows, %columns) : (!op, !number, !number) -> ()

    // Step 3. A block has four subgroups of 32 lanes.
    %launches = transform.include @launches_with_parts failures(propagate)
        (%program) : (!op) -> !op
    transform.foreach %launches : !op {
    ^bb0(%launch: !op):
      %mapped = transform.gpu.map_nested_forall_to_threads %launch
          block_dims = [32, 4, 1] sync_after_distribute = false warp_size = 32
          : (!op) -> !op
    }
    transform.include @keep_sums_in_registers failures(propagate) (%program)
        : (!op) -> ()
    transform.yield
  }

  // Of steps/matrix_units.mlir.
  transform.named_sequence private @divide_among_subgroups(
      %program: !op {transform.readonly}, %rows: !number {transform.readonly},
      %columns: !number {transform.readonly})
  transform.named_sequence private @launches_with_parts(
      %program: !op {transform.readonly}) -> !op
  transform.named_sequence private @keep_sums_in_registers(
      %program: !op {transform.readonly})
}
