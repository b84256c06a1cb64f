// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: gpt2-opt %s --distribute-tiles=chip=gfx942 --split-input-file \
// RUN:   --verify-diagnostics
// RUN: gpt2-opt %s --distribute-tiles=chip=sm_90 --split-input-file \
// RUN:   --verify-diagnostics
// RUN: gpt2-opt %s --distribute-tiles=chip=gfx1100 --split-input-file \
// RUN:   --verify-diagnostics

#product = {indexing_maps = [affine_map<(m, n, k) -> (m, k)>,
                             affine_map<(m, n, k) -> (k, n)>,
                             affine_map<(m, n, k) -> (m, n)>],
            iterator_types = ["parallel", "parallel", "reduction"]}

// The units add sixteen products: not eight, though the sums are a tile.
gpu.module @kernels {
  gpu.func @eight_terms(%a: memref<16x8xbf16>, %b: memref<8x16xbf16>,
                        %c: memref<16x16xf32>, %i: index) kernel {
    %x = vector.load %a[%i, %i] : memref<16x8xbf16>, vector<16x8xbf16>
    %y = vector.load %b[%i, %i] : memref<8x16xbf16>, vector<8x16xbf16>
    %s = vector.load %c[%i, %i] : memref<16x16xf32>, vector<16x16xf32>
    // expected-error @below {{distribute-tiles: a factor is not a bf16 tile of 16 x 16 that was loaded}}
    %z = vector.contract #product %x, %y, %s
        : vector<16x8xbf16>, vector<8x16xbf16> into vector<16x16xf32>
    vector.store %z, %c[%i, %i] : memref<16x16xf32>, vector<16x16xf32>
    gpu.return
  }
}

// -----

#product = {indexing_maps = [affine_map<(m, n, k) -> (m, k)>,
                             affine_map<(m, n, k) -> (k, n)>,
                             affine_map<(m, n, k) -> (m, n)>],
            iterator_types = ["parallel", "parallel", "reduction"]}

// A lane's part of a factor is not its part of sums.
gpu.module @kernels {
  gpu.func @extended(%a: memref<16x16xbf16>, %c: memref<16x16xf32>, %i: index)
      kernel {
    %x = vector.load %a[%i, %i] : memref<16x16xbf16>, vector<16x16xbf16>
    %y = vector.load %a[%i, %i] : memref<16x16xbf16>, vector<16x16xbf16>
    // expected-error @below {{distribute-tiles: a bf16 tile is for products only}}
    %s = arith.extf %x : vector<16x16xbf16> to vector<16x16xf32>
    %z = vector.contract #product %x, %y, %s
        : vector<16x16xbf16>, vector<16x16xbf16> into vector<16x16xf32>
    vector.store %z, %c[%i, %i] : memref<16x16xf32>, vector<16x16xf32>
    gpu.return
  }
}

// -----

#product = {indexing_maps = [affine_map<(m, n, k) -> (m, k)>,
                             affine_map<(m, n, k) -> (k, n)>,
                             affine_map<(m, n, k) -> (m, n)>],
            iterator_types = ["parallel", "parallel", "reduction"]}

// Sums are f32.
gpu.module @kernels {
  gpu.func @narrow_sums(%a: memref<16x16xbf16>, %i: index) kernel {
    %x = vector.load %a[%i, %i] : memref<16x16xbf16>, vector<16x16xbf16>
    %y = vector.load %a[%i, %i] : memref<16x16xbf16>, vector<16x16xbf16>
    %s = vector.load %a[%i, %i] : memref<16x16xbf16>, vector<16x16xbf16>
    // expected-error @below {{distribute-tiles: a bf16 tile is for products only}}
    %z = vector.contract #product %x, %y, %s
        : vector<16x16xbf16>, vector<16x16xbf16> into vector<16x16xbf16>
    vector.store %z, %a[%i, %i] : memref<16x16xbf16>, vector<16x16xbf16>
    gpu.return
  }
}
