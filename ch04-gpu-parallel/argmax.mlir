// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The id of the largest of V logits, of equal ones the lowest, or -1 if one is
// not a number or infinite, or all are minus infinity: what a greedy choice
// needs to know, so that it need not bring V logits to the host. An entry of its own, behind @forward.
//
// One block of 1024 threads. A thread looks at every 1024th logit; what they
// found lies in shared memory, and half of the threads takes the better of two,
// half of these again, until one is left.
#shared = #gpu.address_space<workgroup>
func.func @argmax(
    %token: tensor<1xi32> {gpt2.shape = "1", bufferization.writable = true},
    %logits: tensor<?xf32> {gpt2.shape = "V"}) -> tensor<1xi32>
    attributes {llvm.emit_c_interface} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %steps = arith.constant 10 : index
  %half = arith.constant 512 : index
  %threads = arith.constant 1024 : index
  %none = arith.constant -1 : i32
  %first = arith.constant 0 : i32
  %lowest = arith.constant 0xFF800000 : f32 // minus infinity
  %highest = arith.constant 0x7F800000 : f32
  %V = tensor.dim %logits, %c0 : tensor<?xf32>
  %from = bufferization.to_buffer %logits read_only
      : tensor<?xf32> to memref<?xf32>
  %to = bufferization.to_buffer %token : tensor<1xi32> to memref<1xi32>

  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
      threads(%thread, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1)
      workgroup(%values: memref<1024xf32, #shared>,
                %ids: memref<1024xi32, #shared>) {
    // Ids rise, so the first of equal ones stays. What is broken, infinite or
    // not a number, is larger than all, and its id lower.
    %value, %id = scf.for %v = %thread to %V step %threads
        iter_args(%a = %lowest, %i = %first) -> (f32, i32) {
      %l = memref.load %from[%v] : memref<?xf32>
      %is_broken = arith.cmpf uge, %l, %highest : f32
      %is_first = arith.cmpi eq, %v, %thread : index
      %is_larger = arith.cmpf ogt, %l, %a : f32
      %is_better = arith.ori %is_first, %is_larger : i1
      %v_i32 = arith.index_cast %v : index to i32
      %b = arith.select %is_better, %l, %a : f32
      %j = arith.select %is_better, %v_i32, %i : i32
      %b_or_none = arith.select %is_broken, %highest, %b : f32
      %j_or_none = arith.select %is_broken, %none, %j : i32
      %was_broken = arith.cmpi eq, %i, %none : i32
      %next_b = arith.select %was_broken, %a, %b_or_none : f32
      %next_j = arith.select %was_broken, %i, %j_or_none : i32
      scf.yield %next_b, %next_j : f32, i32
    }
    memref.store %value, %values[%thread] : memref<1024xf32, #shared>
    memref.store %id, %ids[%thread] : memref<1024xi32, #shared>
    scf.for %step = %c0 to %steps step %c1 {
      gpu.barrier // both of a pair are there
      %distance = arith.shrui %half, %step : index
      %stays = arith.cmpi ult, %thread, %distance : index
      scf.if %stays {
        %other = arith.addi %thread, %distance : index
        // A thread behind the end has found nothing.
        %exists = arith.cmpi ult, %other, %V : index
        %a = memref.load %values[%thread] : memref<1024xf32, #shared>
        %i = memref.load %ids[%thread] : memref<1024xi32, #shared>
        %b = memref.load %values[%other] : memref<1024xf32, #shared>
        %j = memref.load %ids[%other] : memref<1024xi32, #shared>
        %is_larger = arith.cmpf ogt, %b, %a : f32
        %is_equal = arith.cmpf oeq, %b, %a : f32
        %is_lower = arith.cmpi slt, %j, %i : i32
        %is_earlier = arith.andi %is_equal, %is_lower : i1
        %is_either = arith.ori %is_larger, %is_earlier : i1
        %is_better = arith.andi %exists, %is_either : i1
        scf.if %is_better {
          memref.store %b, %values[%thread] : memref<1024xf32, #shared>
          memref.store %j, %ids[%thread] : memref<1024xi32, #shared>
        }
      }
    }
    %leads = arith.cmpi eq, %thread, %c0 : index
    scf.if %leads {
      %largest = memref.load %values[%c0] : memref<1024xf32, #shared>
      %its_id = memref.load %ids[%c0] : memref<1024xi32, #shared>
      %is_possible = arith.cmpf ogt, %largest, %lowest : f32
      %best = arith.select %is_possible, %its_id, %none : i32
      memref.store %best, %to[%c0] : memref<1xi32>
    }
    gpu.terminator
  }
  %result = bufferization.to_tensor %to restrict writable
      : memref<1xi32> to tensor<1xi32>
  return %result : tensor<1xi32>
}
