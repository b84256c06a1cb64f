// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// For AMD's CDNA 2 and 3: matrix cores, v_mfma_f32_16x16x16.

!op = !transform.any_op
!number = !transform.param<i64>

module attributes {transform.with_named_sequence,
                   gpt2.chips = "gfx9(0a|4[0-9]|50)"} {

  transform.named_sequence @launches(%program: !op {transform.readonly}) {
    // A subgroup makes a quarter of 64 x 64 sums: four tiles, 16 registers
    // a lane, since 64 lanes share them.
    %rows = transform.param.constant 32 : i64 -> !number
    %columns = transform.param.constant 32 : i64 -> !number
    transform.include @divide_among_subgroups failures(propagate)
        (%program, %rows, %columns) : (!op, !number, !number) -> ()

    // Step 3. A block has four subgroups of 64 lanes.
    %launches = transform.include @launches_with_parts failures(propagate)
        (%program) : (!op) -> !op
    transform.foreach %launches : !op {
    ^bb0(%launch: !op):
      %mapped = transform.gpu.map_nested_forall_to_threads %launch
          block_dims = [64, 4, 1] sync_after_distribute = false warp_size = 64
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
