// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: gpt2-opt %s --distribute-tiles=chip=gfx942 --split-input-file \
// RUN:   --verify-diagnostics | FileCheck %s --check-prefixes=CHECK,CDNA
// RUN: gpt2-opt %s --distribute-tiles=chip=sm_90 --split-input-file \
// RUN:   --verify-diagnostics | FileCheck %s --check-prefixes=CHECK,NVIDIA
// RUN: gpt2-opt %s --distribute-tiles=chip=gfx1100 --split-input-file \
// RUN:   --verify-diagnostics | FileCheck %s --check-prefixes=CHECK,RDNA
//
// Chips of the same families, of which sm_90 is meant if nothing is said; and
// those that have no such unit.
// RUN: gpt2-opt %s --distribute-tiles=chip=gfx950 --split-input-file \
// RUN:   --verify-diagnostics | FileCheck %s --check-prefixes=CHECK,CDNA
// RUN: gpt2-opt %s --distribute-tiles --split-input-file \
// RUN:   --verify-diagnostics | FileCheck %s --check-prefixes=CHECK,NVIDIA
// RUN: gpt2-opt %s --distribute-tiles=chip=sm_80 --split-input-file \
// RUN:   --verify-diagnostics | FileCheck %s --check-prefixes=CHECK,NVIDIA
// RUN: gpt2-opt %s --distribute-tiles=chip=gfx1151 --split-input-file \
// RUN:   --verify-diagnostics | FileCheck %s --check-prefixes=CHECK,RDNA
// RUN: not gpt2-opt %s --distribute-tiles=chip=sm_70 --split-input-file 2>&1 \
// RUN:   | FileCheck %s --check-prefix=NO-UNIT -DCHIP=sm_70
// RUN: not gpt2-opt %s --distribute-tiles=chip=gfx1030 --split-input-file 2>&1 \
// RUN:   | FileCheck %s --check-prefix=NO-UNIT -DCHIP=gfx1030
// NO-UNIT: error: distribute-tiles: [[CHIP]] has no matrix unit for bf16 that is known here

#left = affine_map<(m, n, k) -> (m, k)>
#right = affine_map<(m, n, k) -> (k, n)>
#sum = affine_map<(m, n, k) -> (m, n)>
#product = {indexing_maps = [#left, #right, #sum],
            iterator_types = ["parallel", "parallel", "reduction"]}

// c = a b + c, for tiles of a subgroup. A lane of CDNA has four neighbours of a
// row of a, which it reads at once, and four of a column of b and of c: row
// lane / 16 % 4 * 4, column lane % 16.
// CHECK-LABEL: gpu.func @product
// CHECK-SAME:    (%[[A:[a-z0-9]+]]: memref<32x24xbf16>, %[[B:[a-z0-9]+]]: memref<16x16xbf16>, %[[C:[a-z0-9]+]]: memref<20x16xf32>, %[[I:[a-z0-9]+]]: index, %[[J:[a-z0-9]+]]: index)
// CDNA:          %[[LANE:.+]] = gpu.lane_id
// CDNA:          %[[IN16:.+]] = arith.remui %[[LANE]], %c16
// CDNA:          %[[ROW:.+]] = arith.addi %[[I]], %[[IN16]]
// CDNA:          %[[Q:.+]] = arith.divui %[[LANE]], %c16
// CDNA:          %[[IN4:.+]] = arith.remui %[[Q]], %c4
// CDNA:          %[[BY4:.+]] = arith.muli %[[IN4]], %c4
// CDNA:          %[[COLUMN:.+]] = arith.addi %[[J]], %[[BY4]]
// CDNA:          vector.load %[[A]][%[[ROW]], %[[COLUMN]]] {alignment = 8 : i64} : memref<32x24xbf16>, vector<4xbf16>
// CDNA:          %[[LEFT:.+]] = vector.from_elements {{.*}} : vector<4xbf16>
// CDNA:          vector.load %[[B]][%[[ROW:.+]], %[[COLUMN:.+]]] {alignment = 2 : i64}
// CDNA:          %[[ROW1:.+]] = arith.addi %[[ROW]], %c1
// CDNA:          vector.load %[[B]][%[[ROW1]], %[[COLUMN]]]
// CDNA:          %[[ROW2:.+]] = arith.addi %[[ROW]], %c2
// CDNA:          vector.load %[[B]][%[[ROW2]], %[[COLUMN]]]
// CDNA:          %[[ROW3:.+]] = arith.addi %[[ROW]], %c3
// CDNA:          vector.load %[[B]][%[[ROW3]], %[[COLUMN]]]
// CDNA:          %[[RIGHT:.+]] = vector.from_elements {{.*}} : vector<4xbf16>
// CDNA-COUNT-4:  memref.load %[[C]]
// CDNA:          %[[OLD:.+]] = vector.from_elements {{.*}} : vector<4xf32>
// CDNA:          %[[NEW:.+]] = amdgpu.mfma 16x16x16 %[[LEFT]] * %[[RIGHT]] + %[[OLD]]
// CDNA:          %[[Q:.+]] = arith.divui %[[LANE:.+]], %c16
// CDNA:          %[[IN4:.+]] = arith.remui %[[Q]], %c4
// CDNA:          %[[BY4:.+]] = arith.muli %[[IN4]], %c4
// CDNA:          %[[ROW:.+]] = arith.addi %[[I]], %[[BY4]]
// CDNA:          %[[IN16:.+]] = arith.remui %[[LANE]], %c16
// CDNA:          %[[COLUMN:.+]] = arith.addi %[[J]], %[[IN16]]
// CDNA:          %[[E0:.+]] = vector.extract %[[NEW]][0]
// CDNA:          memref.store %[[E0]], %[[C]][%[[ROW]], %[[COLUMN]]]
// CDNA:          %[[E1:.+]] = vector.extract %[[NEW]][1]
// CDNA:          %[[ROW1:.+]] = arith.addi %[[ROW]], %c1
// CDNA:          memref.store %[[E1]], %[[C]][%[[ROW1]], %[[COLUMN]]]
// CDNA-COUNT-2:  memref.store {{.*}}, %[[C]]
// CDNA-NOT:      memref.store
//
// On NVIDIA a lane has pairs: four of a, four of b, of which no two are
// neighbours in memory, and four of c. An instruction makes one half of c's
// columns.
// NVIDIA-COUNT-4: vector.load %[[A]]{{.*}} {alignment = 4 : i64} : memref<32x24xbf16>, vector<2xbf16>
// NVIDIA-COUNT-8: vector.load %[[B]]{{.*}} {alignment = 2 : i64} : memref<16x16xbf16>, vector<1xbf16>
// NVIDIA-NOT:     vector.load
// NVIDIA-COUNT-8: memref.load %[[C]]
// NVIDIA:         %[[OLD:.+]] = vector.from_elements {{.*}} : vector<8xf32>
// NVIDIA:         %[[LEFT:.+]] = vector.bitcast %{{.+}} : vector<8xbf16> to vector<4xi32>
// NVIDIA:         %[[RIGHT:.+]] = vector.bitcast %{{.+}} : vector<8xbf16> to vector<4xi32>
// NVIDIA:         %[[A0:.+]] = vector.extract %[[LEFT]][0]
// NVIDIA:         %[[B0:.+]] = vector.extract %[[RIGHT]][0]
// NVIDIA:         %[[C0:.+]] = vector.extract %[[OLD]][0]
// NVIDIA:         nvvm.mma.sync A[%[[A0]], {{.*}}] B[%[[B0]], {{.*}}] C[%[[C0]], {{.*}}]
// NVIDIA-SAME:      multiplicandAPtxType = #nvvm.mma_type<bf16>
// NVIDIA-SAME:      shape = #nvvm.shape<m = 16, n = 8, k = 16>
// NVIDIA:         %[[A0:.+]] = vector.extract %[[LEFT]][0]
// NVIDIA:         %[[B2:.+]] = vector.extract %[[RIGHT]][2]
// NVIDIA:         %[[C4:.+]] = vector.extract %[[OLD]][4]
// NVIDIA:         nvvm.mma.sync A[%[[A0]], {{.*}}] B[%[[B2]], {{.*}}] C[%[[C4]], {{.*}}]
// NVIDIA-COUNT-8: memref.store {{.*}}, %[[C]]
// NVIDIA-NOT:     memref.store
//
// On RDNA a lane has a whole row of a, 8 elements at once, a whole column of b,
// and every second row of a column of c.
// RDNA-COUNT-2:   vector.load %[[A]]{{.*}} {alignment = 16 : i64} : memref<32x24xbf16>, vector<8xbf16>
// RDNA-COUNT-16:  vector.load %[[B]]{{.*}} {alignment = 2 : i64} : memref<16x16xbf16>, vector<1xbf16>
// RDNA-NOT:       vector.load
// RDNA:           memref.load %[[C]][%[[ROW:.+]], %[[COLUMN:.+]]]
// RDNA:           %[[ROW2:.+]] = arith.addi %[[ROW]], %c2
// RDNA:           memref.load %[[C]][%[[ROW2]], %[[COLUMN]]]
// RDNA-COUNT-6:   memref.load %[[C]]
// RDNA:           amdgpu.wmma 16x16x16
// RDNA-SAME:        : vector<16xbf16>, vector<16xbf16>, vector<8xf32>
// RDNA-COUNT-8:   memref.store {{.*}}, %[[C]]
// RDNA-NOT:       memref.store
// CHECK:          gpu.return
gpu.module @kernels {
  gpu.func @product(%a: memref<32x24xbf16>, %b: memref<16x16xbf16>,
                    %c: memref<20x16xf32>, %i: index, %j: index) kernel {
    %x = vector.load %a[%i, %j] : memref<32x24xbf16>, vector<16x16xbf16>
    %y = vector.load %b[%i, %j] : memref<16x16xbf16>, vector<16x16xbf16>
    %old = vector.load %c[%i, %j] : memref<20x16xf32>, vector<16x16xf32>
    %new = vector.contract #product %x, %y, %old
        : vector<16x16xbf16>, vector<16x16xbf16> into vector<16x16xf32>
    vector.store %new, %c[%i, %j] : memref<20x16xf32>, vector<16x16xf32>
    gpu.return
  }
}

// -----

#left = affine_map<(m, n, k) -> (m, k)>
#right = affine_map<(m, n, k) -> (n, k)>
#sum = affine_map<(m, n, k) -> (m, n)>
#product = {indexing_maps = [#left, #right, #sum],
            iterator_types = ["parallel", "parallel", "reduction"]}

// The columns of b are rows in memory, tile %i of several: what one lane has of
// a column are neighbours.
// CHECK-LABEL: gpu.func @columns_are_rows
// CHECK-SAME:    %[[B:[a-z0-9]+]]: memref<?x16x16xbf16>, %[[C:[a-z0-9]+]]: memref<16x16xf32>, %[[I:[a-z0-9]+]]: index)
// CDNA-COUNT-1:   vector.load %[[B]][%[[I]], %{{.+}}, %{{.+}}] {alignment = 8 : i64} : memref<?x16x16xbf16>, vector<4xbf16>
// NVIDIA-COUNT-4: vector.load %[[B]][%[[I]], %{{.+}}, %{{.+}}] {alignment = 4 : i64} : memref<?x16x16xbf16>, vector<2xbf16>
// RDNA-COUNT-2:   vector.load %[[B]][%[[I]], %{{.+}}, %{{.+}}] {alignment = 16 : i64} : memref<?x16x16xbf16>, vector<8xbf16>
// CHECK-NOT:     vector.load
// CHECK:         gpu.return
gpu.module @kernels {
  gpu.func @columns_are_rows(%a: memref<16x16xbf16>, %b: memref<?x16x16xbf16>,
                             %c: memref<16x16xf32>, %i: index) kernel {
    %zero = arith.constant dense<0.0> : vector<16x16xf32>
    %x = vector.load %a[%i, %i] : memref<16x16xbf16>, vector<16x16xbf16>
    %y = vector.load %b[%i, %i, %i] : memref<?x16x16xbf16>, vector<16x16xbf16>
    %new = vector.contract #product %x, %y, %zero
        : vector<16x16xbf16>, vector<16x16xbf16> into vector<16x16xf32>
    vector.store %new, %c[%i, %i] : memref<16x16xf32>, vector<16x16xf32>
    gpu.return
  }
}

// -----

#left = affine_map<(m, n, k) -> (m, k)>
#right = affine_map<(m, n, k) -> (k, n)>
#columns = affine_map<(m, n, k) -> (n, k)>
#sum = affine_map<(m, n, k) -> (m, n)>
#product = {indexing_maps = [#left, #right, #sum],
            iterator_types = ["parallel", "parallel", "reduction"]}
#transposed = {indexing_maps = [#left, #columns, #sum],
               iterator_types = ["parallel", "parallel", "reduction"]}
#workgroup = #gpu.address_space<workgroup>

// From shared memory NVIDIA's lanes read a factor together, which turns b as
// the instruction wants it; AMD's have no such instruction. The sum of one
// product goes into the other, through a loop that carries each lane's part.
// CHECK-LABEL: gpu.func @shared
// CHECK-SAME:    workgroup(%[[A:.+]] : memref<16x16xbf16, {{.*}}, %[[B:.+]] : memref<16x16xbf16,
// CDNA:          scf.for {{.*}} -> (vector<4xf32>)
// NVIDIA:        scf.for {{.*}} -> (vector<8xf32>)
// NVIDIA:          nvgpu.ldmatrix %[[A]][{{.*}}] {numTiles = 4 : i32, transpose = false} : {{.*}} -> vector<4x2xbf16>
// NVIDIA:          nvgpu.ldmatrix %[[B]][{{.*}}] {numTiles = 4 : i32, transpose = true}
// NVIDIA:          nvgpu.ldmatrix %[[B]][{{.*}}] {numTiles = 4 : i32, transpose = false}
// NVIDIA-COUNT-4:  nvvm.mma.sync
// NVIDIA-NOT:      nvvm.mma.sync
// RDNA:          scf.for {{.*}} -> (vector<8xf32>)
// CDNA-COUNT-2:    amdgpu.mfma
// CDNA-NOT:        amdgpu.mfma
// RDNA-COUNT-2:    amdgpu.wmma
// RDNA-NOT:        amdgpu.wmma
// CDNA:            scf.yield %{{.+}} : vector<4xf32>
// NVIDIA:          scf.yield %{{.+}} : vector<8xf32>
// RDNA:            scf.yield %{{.+}} : vector<8xf32>
// CHECK-NOT:     vector<16x16
// CHECK:         gpu.return
gpu.module @kernels {
  gpu.func @shared(%c: memref<16x16xf32>, %n: index)
      workgroup(%a: memref<16x16xbf16, #workgroup>,
                %b: memref<16x16xbf16, #workgroup>) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %zero = arith.constant dense<0.0> : vector<16x16xf32>
    %sum = scf.for %i = %c0 to %n step %c1
        iter_args(%old = %zero) -> vector<16x16xf32> {
      %x = vector.load %a[%c0, %c0]
          : memref<16x16xbf16, #workgroup>, vector<16x16xbf16>
      %y = vector.load %b[%c0, %c0]
          : memref<16x16xbf16, #workgroup>, vector<16x16xbf16>
      %z = vector.load %b[%c0, %c0]
          : memref<16x16xbf16, #workgroup>, vector<16x16xbf16>
      %one = vector.contract #product %x, %y, %old
          : vector<16x16xbf16>, vector<16x16xbf16> into vector<16x16xf32>
      %both = vector.contract #transposed %x, %z, %one
          : vector<16x16xbf16>, vector<16x16xbf16> into vector<16x16xf32>
      scf.yield %both : vector<16x16xf32>
    }
    vector.store %sum, %c[%c0, %c0] : memref<16x16xf32>, vector<16x16xf32>
    gpu.return
  }
}

// -----

#left = affine_map<(m, n, k) -> (m, k)>
#right = affine_map<(m, n, k) -> (k, n)>
#sum = affine_map<(m, n, k) -> (m, n)>
#product = {indexing_maps = [#left, #right, #sum],
            iterator_types = ["parallel", "parallel", "reduction"]}

// A factor for each row, and one for all: each lane scales its own part. The
// column of a row's factor is the same for all its elements.
// CHECK-LABEL: gpu.func @scaled
// CHECK-SAME:    %[[F:[a-z0-9]+]]: memref<16x1xf32>, %[[S:[a-z0-9]+]]: f32, %[[C:[a-z0-9]+]]: memref<16x16xf32>)
// CDNA-DAG:       arith.constant dense<2.000000e+00> : vector<4xf32>
// CDNA-COUNT-4:   memref.load %[[F]][%{{.+}}, %c0]
// CDNA:           %[[ROWS:.+]] = vector.from_elements {{.*}} : vector<4xf32>
// CDNA:           %[[BY_ROW:.+]] = arith.mulf %[[ROWS]], %{{.+}} : vector<4xf32>
// CDNA:           %[[ALL:.+]] = vector.broadcast %[[S]] : f32 to vector<4xf32>
// CDNA:           arith.mulf %[[ALL]], %[[BY_ROW]] fastmath<contract> : vector<4xf32>
// NVIDIA-DAG:     arith.constant dense<2.000000e+00> : vector<8xf32>
// NVIDIA-COUNT-8: memref.load %[[F]][%{{.+}}, %c0]
// NVIDIA:         vector.broadcast %[[S]] : f32 to vector<8xf32>
// RDNA-DAG:       arith.constant dense<2.000000e+00> : vector<8xf32>
// RDNA-COUNT-8:   memref.load %[[F]][%{{.+}}, %c0]
// RDNA:           vector.broadcast %[[S]] : f32 to vector<8xf32>
// CHECK-NOT:     vector<16x
// CHECK:         gpu.return
gpu.module @kernels {
  gpu.func @scaled(%a: memref<16x16xbf16>, %b: memref<16x16xbf16>,
                   %f: memref<16x1xf32>, %s: f32,
                   %c: memref<16x16xf32>) kernel {
    %c0 = arith.constant 0 : index
    %two = arith.constant dense<2.0> : vector<16x16xf32>
    %x = vector.load %a[%c0, %c0] : memref<16x16xbf16>, vector<16x16xbf16>
    %y = vector.load %b[%c0, %c0] : memref<16x16xbf16>, vector<16x16xbf16>
    %z = vector.contract #product %x, %y, %two
        : vector<16x16xbf16>, vector<16x16xbf16> into vector<16x16xf32>
    %rows = vector.load %f[%c0, %c0] : memref<16x1xf32>, vector<16x1xf32>
    %factors = vector.broadcast %rows : vector<16x1xf32> to vector<16x16xf32>
    %by_row = arith.mulf %factors, %z : vector<16x16xf32>
    %all = vector.broadcast %s : f32 to vector<16x16xf32>
    %scaled = arith.mulf %all, %by_row fastmath<contract> : vector<16x16xf32>
    vector.store %scaled, %c[%c0, %c0] : memref<16x16xf32>, vector<16x16xf32>
    gpu.return
  }
}

// -----

// Without products there is nothing to distribute, whatever the chip.
// CHECK-LABEL: gpu.func @no_product
// CHECK-NEXT:    %[[X:.+]] = vector.load %{{.+}} : memref<16x16xf32>, vector<16x16xf32>
// CHECK-NEXT:    vector.store %[[X]]
gpu.module @kernels {
  gpu.func @no_product(%c: memref<16x16xf32>, %i: index) kernel {
    %x = vector.load %c[%i, %i] : memref<16x16xf32>, vector<16x16xf32>
    vector.store %x, %c[%i, %i] : memref<16x16xf32>, vector<16x16xf32>
    gpu.return
  }
}

// -----

#left = affine_map<(m, n, k) -> (k, m)>
#right = affine_map<(m, n, k) -> (k, n)>
#sum = affine_map<(m, n, k) -> (m, n)>
#product = {indexing_maps = [#left, #right, #sum],
            iterator_types = ["parallel", "parallel", "reduction"]}

// Of a left factor whose rows are columns in memory, it knows nothing.
gpu.module @kernels {
  gpu.func @maps(%a: memref<16x16xbf16>, %c: memref<16x16xf32>,
                 %i: index) kernel {
    %zero = arith.constant dense<0.0> : vector<16x16xf32>
    %x = vector.load %a[%i, %i] : memref<16x16xbf16>, vector<16x16xbf16>
    %y = vector.load %a[%i, %i] : memref<16x16xbf16>, vector<16x16xbf16>
    // expected-error @below {{distribute-tiles: expected (m, k), (k, n) or (n, k), and (m, n)}}
    %z = vector.contract #product %x, %y, %zero
        : vector<16x16xbf16>, vector<16x16xbf16> into vector<16x16xf32>
    vector.store %z, %c[%i, %i] : memref<16x16xf32>, vector<16x16xf32>
    gpu.return
  }
}

// -----

#left = affine_map<(m, n, k) -> (m, k)>
#right = affine_map<(m, n, k) -> (k, n)>
#sum = affine_map<(m, n, k) -> (m, n)>
#largest = {indexing_maps = [#left, #right, #sum],
            iterator_types = ["parallel", "parallel", "reduction"],
            kind = #vector.kind<maximumf>}

// The units add; they have no largest product.
gpu.module @kernels {
  gpu.func @kind(%a: memref<16x16xbf16>, %c: memref<16x16xf32>,
                 %i: index) kernel {
    %zero = arith.constant dense<0.0> : vector<16x16xf32>
    %x = vector.load %a[%i, %i] : memref<16x16xbf16>, vector<16x16xbf16>
    %y = vector.load %a[%i, %i] : memref<16x16xbf16>, vector<16x16xbf16>
    // expected-error @below {{distribute-tiles: expected (m, k), (k, n) or (n, k), and (m, n)}}
    %z = vector.contract #largest %x, %y, %zero
        : vector<16x16xbf16>, vector<16x16xbf16> into vector<16x16xf32>
    vector.store %z, %c[%i, %i] : memref<16x16xf32>, vector<16x16xf32>
    gpu.return
  }
}

// -----

#left = affine_map<(m, n, k) -> (m, k)>
#right = affine_map<(m, n, k) -> (k, n)>
#sum = affine_map<(m, n, k) -> (m, n)>
#product = {indexing_maps = [#left, #right, #sum],
            iterator_types = ["parallel", "parallel", "reduction"]}

// One tile on both sides: a lane would need two parts of it.
gpu.module @kernels {
  gpu.func @square(%a: memref<16x16xbf16>, %c: memref<16x16xf32>,
                   %i: index) kernel {
    %zero = arith.constant dense<0.0> : vector<16x16xf32>
    // expected-error @below {{distribute-tiles: a left and a right factor}}
    %x = vector.load %a[%i, %i] : memref<16x16xbf16>, vector<16x16xbf16>
    %z = vector.contract #product %x, %x, %zero
        : vector<16x16xbf16>, vector<16x16xbf16> into vector<16x16xf32>
    vector.store %z, %c[%i, %i] : memref<16x16xf32>, vector<16x16xf32>
    gpu.return
  }
}

// -----

#left = affine_map<(m, n, k) -> (m, k)>
#right = affine_map<(m, n, k) -> (k, n)>
#sum = affine_map<(m, n, k) -> (m, n)>
#product = {indexing_maps = [#left, #right, #sum],
            iterator_types = ["parallel", "parallel", "reduction"]}

// The units multiply bf16.
gpu.module @kernels {
  gpu.func @wide(%a: memref<16x16xf32>, %i: index) kernel {
    %x = vector.load %a[%i, %i] : memref<16x16xf32>, vector<16x16xf32>
    // expected-error @below {{distribute-tiles: a factor is not a bf16 tile of 16 x 16 that was loaded}}
    %z = vector.contract #product %x, %x, %x
        : vector<16x16xf32>, vector<16x16xf32> into vector<16x16xf32>
    vector.store %z, %a[%i, %i] : memref<16x16xf32>, vector<16x16xf32>
    gpu.return
  }
}

// -----

#left = affine_map<(m, n, k) -> (m, k)>
#right = affine_map<(m, n, k) -> (k, n)>
#sum = affine_map<(m, n, k) -> (m, n)>
#product = {indexing_maps = [#left, #right, #sum],
            iterator_types = ["parallel", "parallel", "reduction"]}

// Which of a column's numbers are a lane's, is known only where they are in
// memory.
gpu.module @kernels {
  gpu.func @computed_rows(%a: memref<16x16xbf16>, %c: memref<16x16xf32>,
                          %rows: vector<16x1xf32>, %i: index) kernel {
    %x = vector.load %a[%i, %i] : memref<16x16xbf16>, vector<16x16xbf16>
    %y = vector.load %a[%i, %i] : memref<16x16xbf16>, vector<16x16xbf16>
    // expected-error @+2 {{distribute-tiles: only a vector<16x1> that was loaded becomes a tile}}
    // expected-error @+1 {{failed to legalize operation 'vector.broadcast'}}
    %start = vector.broadcast %rows : vector<16x1xf32> to vector<16x16xf32>
    %z = vector.contract #product %x, %y, %start
        : vector<16x16xbf16>, vector<16x16xbf16> into vector<16x16xf32>
    vector.store %z, %c[%i, %i] : memref<16x16xf32>, vector<16x16xf32>
    gpu.return
  }
}

// -----

#left = affine_map<(m, n, k) -> (m, k)>
#right = affine_map<(m, n, k) -> (k, n)>
#sum = affine_map<(m, n, k) -> (m, n)>
#product = {indexing_maps = [#left, #right, #sum],
            iterator_types = ["parallel", "parallel", "reduction"]}

// Of constants that are not all the same, each lane would have others.
gpu.module @kernels {
  gpu.func @constants(%a: memref<16x16xbf16>, %c: memref<16x16xf32>,
                      %i: index) kernel {
    // expected-error @+2 {{distribute-tiles: a tile of different constants}}
    // expected-error @+1 {{failed to legalize operation 'arith.constant'}}
    %start = arith.constant dense_resource<numbers> : vector<16x16xf32>
    %x = vector.load %a[%i, %i] : memref<16x16xbf16>, vector<16x16xbf16>
    %y = vector.load %a[%i, %i] : memref<16x16xbf16>, vector<16x16xbf16>
    %z = vector.contract #product %x, %y, %start
        : vector<16x16xbf16>, vector<16x16xbf16> into vector<16x16xf32>
    vector.store %z, %c[%i, %i] : memref<16x16xf32>, vector<16x16xf32>
    gpu.return
  }
}
