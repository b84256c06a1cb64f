// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: gpt2-opt %s --allocate-per-thread --split-input-file \
// RUN:   --verify-diagnostics | FileCheck %s
// RUN: gpt2-opt %s --convert-scf-to-openmp --allocate-per-thread \
// RUN:   --split-input-file --verify-diagnostics \
// RUN:   | FileCheck %s --check-prefix=FROM-SCF

// The pass that makes such loops puts a scope around each part.
// FROM-SCF-LABEL: func @from_scf
// FROM-SCF:         omp.parallel
// FROM-SCF:           %[[TILE:.+]] = memref.alloca() : memref<1xf32>
// FROM-SCF-NOT:       memref.alloca
// FROM-SCF:           omp.wsloop
// FROM-SCF-NOT:       memref.alloca
// FROM-SCF:           memref.load %[[TILE]]
// FROM-SCF:         return
func.func @from_scf(%x: memref<4xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %zero = arith.constant 0.0 : f32
  scf.parallel (%i) = (%c0) to (%c4) step (%c1) {
    %a = memref.alloca() : memref<1xf32>
    memref.store %zero, %a[%c0] : memref<1xf32>
    %v = memref.load %a[%c0] : memref<1xf32>
    memref.store %v, %x[%i] : memref<4xf32>
    scf.reduce
  }
  return
}

// What each part of a loop takes of the stack, its thread takes once.
// CHECK-LABEL: func @one_tile
// CHECK:         omp.parallel {
// CHECK-NEXT:      %[[TILE:.+]] = memref.alloca() : memref<8xf32>
// CHECK:           omp.loop_nest (%[[I:.+]]) : index
// CHECK-NEXT:        %[[V:.+]] = memref.load %{{.+}}[%[[I]]]
// CHECK-NEXT:        memref.store %[[V]], %[[TILE]]
// CHECK-NEXT:        omp.yield
func.func @one_tile(%x: memref<64xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c64 = arith.constant 64 : index
  omp.parallel {
    omp.wsloop {
      omp.loop_nest (%i) : index = (%c0) to (%c64) step (%c1) {
        memref.alloca_scope {
          %tile = memref.alloca() : memref<8xf32>
          %v = memref.load %x[%i] : memref<64xf32>
          memref.store %v, %tile[%c0] : memref<8xf32>
        }
        omp.yield
      }
    }
    omp.terminator
  }
  return
}

// Two tiles of one part, one of them aligned; the loop of the part stays.
// CHECK-LABEL: func @two_tiles
// CHECK:         omp.parallel {
// CHECK-DAG:       %[[A:.+]] = memref.alloca() {alignment = 64 : i64} : memref<8xf32>
// CHECK-DAG:       %[[B:.+]] = memref.alloca() : memref<4x4xf32>
// CHECK:           omp.wsloop
// CHECK-NOT:       memref.alloca
// CHECK:           scf.for
// CHECK:             %[[V:.+]] = memref.load %[[A]]
// CHECK:             memref.store %[[V]], %[[B]]
// CHECK-NOT:       memref.alloca
// CHECK:           omp.terminator
func.func @two_tiles() {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  omp.parallel {
    omp.wsloop {
      omp.loop_nest (%i) : index = (%c0) to (%c4) step (%c1) {
        memref.alloca_scope {
          %a = memref.alloca() {alignment = 64 : i64} : memref<8xf32>
          %b = memref.alloca() : memref<4x4xf32>
          scf.for %j = %c0 to %c4 step %c1 {
            %v = memref.load %a[%j] : memref<8xf32>
            memref.store %v, %b[%i, %j] : memref<4x4xf32>
          }
        }
        omp.yield
      }
    }
    omp.terminator
  }
  return
}

// The tile of a loop in a loop belongs to the thread of the inner one.
// CHECK-LABEL: func @nested
// CHECK:         omp.parallel {
// CHECK-NEXT:      omp.parallel {
// CHECK-NEXT:        memref.alloca() : memref<8xf32>
// CHECK-NOT:     memref.alloca
// CHECK:         return
func.func @nested() {
  omp.parallel {
    omp.parallel {
      memref.alloca_scope {
        %tile = memref.alloca() : memref<8xf32>
      }
      omp.terminator
    }
    omp.terminator
  }
  return
}

// A part that takes nothing: its scope was for nothing.
// CHECK-LABEL: func @no_tile
// CHECK:         omp.parallel {
// CHECK-NEXT:      memref.store
// CHECK-NEXT:      omp.terminator
func.func @no_tile(%x: memref<f32>, %v: f32) {
  omp.parallel {
    memref.alloca_scope {
      memref.store %v, %x[] : memref<f32>
    }
    omp.terminator
  }
  return
}

// What a loop or a branch of a part takes, too: without the scope, nobody would
// give it back after each iteration.
// CHECK-LABEL: func @deeper
// CHECK:         omp.parallel {
// CHECK-DAG:       memref.alloca() : memref<8xf32>
// CHECK-DAG:       memref.alloca() : memref<4xf32>
// CHECK:           omp.wsloop
// CHECK-NOT:       memref.alloca
// CHECK:           scf.for
// CHECK-NOT:       memref.alloca
// CHECK:           omp.terminator
func.func @deeper(%x: memref<64xf32>, %c: i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c64 = arith.constant 64 : index
  omp.parallel {
    omp.wsloop {
      omp.loop_nest (%i) : index = (%c0) to (%c64) step (%c1) {
        memref.alloca_scope {
          scf.for %j = %c0 to %c64 step %c1 {
            %a = memref.alloca() : memref<8xf32>
            %v = memref.load %x[%i] : memref<64xf32>
            memref.store %v, %a[%c0] : memref<8xf32>
            scf.if %c {
              %b = memref.alloca() : memref<4xf32>
              memref.store %v, %b[%c0] : memref<4xf32>
            }
          }
        }
        omp.yield
      }
    }
    omp.terminator
  }
  return
}

// Where there are no threads, a scope stays what it is, of whatever size.
// CHECK-LABEL: func @no_threads
// CHECK:         memref.alloca_scope
// CHECK-NEXT:      memref.alloca(%{{.+}}) : memref<?xf32>
func.func @no_threads(%n: index) {
  memref.alloca_scope {
    %tile = memref.alloca(%n) : memref<?xf32>
  }
  return
}

// -----

// How much a thread would have to take depends on the part.
func.func @open_size(%n: index) {
  omp.parallel {
    memref.alloca_scope {
      // expected-error @below {{allocate-per-thread knows stack memory of known size only}}
      %tile = memref.alloca(%n) : memref<?xf32>
    }
    omp.terminator
  }
  return
}

// -----

// convert-scf-to-openmp makes no scope with a result.
func.func @result(%x: memref<8xf32>, %v: f32) {
  %c0 = arith.constant 0 : index
  omp.parallel {
    // expected-error @below {{allocate-per-thread expects a scope without results}}
    %r = memref.alloca_scope -> (f32) {
      memref.alloca_scope.return %v : f32
    }
    memref.store %r, %x[%c0] : memref<8xf32>
    omp.terminator
  }
  return
}

// -----

// Nor can a thread know it before a loop of its part.
func.func @deeper_open_size(%n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  omp.parallel {
    memref.alloca_scope {
      scf.for %i = %c0 to %n step %c1 {
        // expected-error @below {{allocate-per-thread knows stack memory of known size only}}
        %tile = memref.alloca(%i) : memref<?xf32>
      }
    }
    omp.terminator
  }
  return
}
