// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: not gpt2-opt %s --distribute-tiles=chip=x 2>&1 \
// RUN:   | FileCheck %s --check-prefix=UNKNOWN
// RUN: not gpt2-opt %s --distribute-tiles=chip=sm_70 2>&1 \
// RUN:   | FileCheck %s --check-prefix=WITHOUT

// A chip that is none, and one that has no matrix unit: an error, exit code 1.
// UNKNOWN: [[@LINE+2]]:{{.*}}error: distribute-tiles: unknown chip 'x'; expected one like sm_90 or gfx942
// WITHOUT: [[@LINE+1]]:{{.*}}error: distribute-tiles: sm_70 has no matrix unit for bf16 that is known here
gpu.module @kernels {
  gpu.func @product(%a: memref<16x16xbf16>, %b: memref<16x16xbf16>,
                    %c: memref<16x16xf32>) kernel {
    %c0 = arith.constant 0 : index
    %left = vector.load %a[%c0, %c0] : memref<16x16xbf16>, vector<16x16xbf16>
    %right = vector.load %b[%c0, %c0] : memref<16x16xbf16>, vector<16x16xbf16>
    %sums = vector.load %c[%c0, %c0] : memref<16x16xf32>, vector<16x16xf32>
    %all = vector.contract {
        indexing_maps = [affine_map<(m, n, k) -> (m, k)>,
                         affine_map<(m, n, k) -> (k, n)>,
                         affine_map<(m, n, k) -> (m, n)>],
        iterator_types = ["parallel", "parallel", "reduction"]}
        %left, %right, %sums
        : vector<16x16xbf16>, vector<16x16xbf16> into vector<16x16xf32>
    vector.store %all, %c[%c0, %c0] : memref<16x16xf32>, vector<16x16xf32>
    gpu.return
  }
}
