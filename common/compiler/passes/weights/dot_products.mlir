// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: gpt2-opt %s --dot-products | FileCheck %s
// RUN: gpt2-opt %s --dot-products=lanes=8 | FileCheck %s --check-prefix=EIGHT
// RUN: not gpt2-opt %s --dot-products=lanes=32 2>&1 \
// RUN:   | FileCheck %s --check-prefix=WIDE
// RUN: not gpt2-opt %s --dot-products=lanes=0 2>&1 \
// RUN:   | FileCheck %s --check-prefix=WIDE

// No vector of x86's has so many.
// WIDE: error: dot-products: a vector has 4, 8 or 16 lanes

#mk = affine_map<(m, n, k) -> (m, k)>
#kn = affine_map<(m, n, k) -> (k, n)>
#mn = affine_map<(m, n, k) -> (m, n)>

// Two rows times 16 columns, two terms of bf16: an instruction for each row.
// The columns are taken as they lie in memory; the row's two elements, 32 bits,
// are in every lane.
// CHECK-LABEL: func @bf16(
// CHECK-SAME:      %[[X:[a-z0-9]+]]: vector<2x2xbf16>, %[[W:[a-z0-9]+]]: vector<16x2xbf16>, %[[Y:[a-z0-9]+]]: vector<2x16xf32>
// CHECK:         %[[FLAT:.+]] = vector.shape_cast %[[W]] : vector<16x2xbf16> to vector<32xbf16>
// CHECK:         %[[COLUMNS:.+]] = vector.extract_strided_slice %[[FLAT]] {offsets = [0], sizes = [32]
// CHECK-DAG:     %[[ROW:.+]] = vector.extract %[[X]][0]
// CHECK-DAG:     %[[SUMS:.+]] = vector.extract %[[Y]][0]
// CHECK:         %[[WORD:.+]] = vector.bitcast %[[ROW]] : vector<2xbf16> to vector<1xi32>
// CHECK:         %[[ONE:.+]] = vector.extract %[[WORD]][0]
// CHECK:         %[[ALL:.+]] = vector.broadcast %[[ONE]] : i32 to vector<16xi32>
// CHECK:         %[[ROWS:.+]] = vector.bitcast %[[ALL]] : vector<16xi32> to vector<32xbf16>
// CHECK:         %[[PART:.+]] = vector.extract_strided_slice %[[SUMS]] {offsets = [0], sizes = [16]
// CHECK:         llvm.call_intrinsic "llvm.x86.avx512bf16.dpbf16ps.512"(%[[PART]], %[[COLUMNS]], %[[ROWS]])
// CHECK:         vector.extract %[[X]][1]
// CHECK:         llvm.call_intrinsic "llvm.x86.avx512bf16.dpbf16ps.512"
// CHECK-NOT:     vector.contract
// CHECK:         return

// In vectors of 8 lanes, two for a row.
// EIGHT-LABEL:   func @bf16(
// EIGHT-COUNT-4:   llvm.call_intrinsic "llvm.x86.avx512bf16.dpbf16ps.256"
// EIGHT-NOT:       vector.contract
// EIGHT:           return

func.func @bf16(%x: vector<2x2xbf16>, %w: vector<16x2xbf16>,
                %y: vector<2x16xf32>) -> vector<2x16xf32> {
  %t = vector.transpose %w, [1, 0] : vector<16x2xbf16> to vector<2x16xbf16>
  %a = arith.extf %x : vector<2x2xbf16> to vector<2x2xf32>
  %b = arith.extf %t : vector<2x16xbf16> to vector<2x16xf32>
  %r = vector.contract {indexing_maps = [#mk, #kn, #mn],
      iterator_types = ["parallel", "parallel", "reduction"],
      kind = #vector.kind<add>} %a, %b, %y
      : vector<2x2xf32>, vector<2x16xf32> into vector<2x16xf32>
  return %r : vector<2x16xf32>
}

// One row, four terms of eight bits, unsigned times signed. This instruction
// takes the unsigned factor first.
// CHECK-LABEL: func @i8(
// CHECK-SAME:      %[[X:[a-z0-9]+]]: vector<4xi8>, %[[W:[a-z0-9]+]]: vector<16x4xi8>
// CHECK:         %[[FLAT:.+]] = vector.shape_cast %[[W]] : vector<16x4xi8> to vector<64xi8>
// CHECK:         %[[COLUMNS:.+]] = vector.extract_strided_slice %[[FLAT]]
// CHECK:         vector.bitcast %[[X]] : vector<4xi8> to vector<1xi32>
// CHECK:         %[[ROW:.+]] = vector.bitcast %{{.*}} : vector<16xi32> to vector<64xi8>
// CHECK:         llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.512"(%{{.*}}, %[[ROW]], %[[COLUMNS]])
// CHECK-NOT:     vector.contract
// CHECK:         return
func.func @i8(%x: vector<4xi8>, %w: vector<16x4xi8>, %y: vector<16xi32>)
    -> vector<16xi32> {
  %t = vector.transpose %w, [1, 0] : vector<16x4xi8> to vector<4x16xi8>
  %a = arith.extui %x : vector<4xi8> to vector<4xi32>
  %b = arith.extsi %t : vector<4x16xi8> to vector<4x16xi32>
  %r = vector.contract {indexing_maps = [affine_map<(n, k) -> (k)>,
                                         affine_map<(n, k) -> (k, n)>,
                                         affine_map<(n, k) -> (n)>],
      iterator_types = ["parallel", "reduction"],
      kind = #vector.kind<add>} %a, %b, %y
      : vector<4xi32>, vector<4x16xi32> into vector<16xi32>
  return %r : vector<16xi32>
}

// The same with both signed: there is no such instruction.
// CHECK-LABEL: func @both_signed(
// CHECK-NOT:     llvm.call_intrinsic
// CHECK:         vector.contract
func.func @both_signed(%x: vector<4xi8>, %w: vector<16x4xi8>,
                       %y: vector<16xi32>) -> vector<16xi32> {
  %t = vector.transpose %w, [1, 0] : vector<16x4xi8> to vector<4x16xi8>
  %a = arith.extsi %x : vector<4xi8> to vector<4xi32>
  %b = arith.extsi %t : vector<4x16xi8> to vector<4x16xi32>
  %r = vector.contract {indexing_maps = [affine_map<(n, k) -> (k)>,
                                         affine_map<(n, k) -> (k, n)>,
                                         affine_map<(n, k) -> (n)>],
      iterator_types = ["parallel", "reduction"],
      kind = #vector.kind<add>} %a, %b, %y
      : vector<4xi32>, vector<4x16xi32> into vector<16xi32>
  return %r : vector<16xi32>
}

// Four terms of bf16 are not 32 bits.
// CHECK-LABEL: func @four_terms(
// CHECK-NOT:     llvm.call_intrinsic
// CHECK:         vector.contract
func.func @four_terms(%x: vector<2x4xbf16>, %w: vector<16x4xbf16>,
                      %y: vector<2x16xf32>) -> vector<2x16xf32> {
  %t = vector.transpose %w, [1, 0] : vector<16x4xbf16> to vector<4x16xbf16>
  %a = arith.extf %x : vector<2x4xbf16> to vector<2x4xf32>
  %b = arith.extf %t : vector<4x16xbf16> to vector<4x16xf32>
  %r = vector.contract {indexing_maps = [#mk, #kn, #mn],
      iterator_types = ["parallel", "parallel", "reduction"],
      kind = #vector.kind<add>} %a, %b, %y
      : vector<2x4xf32>, vector<4x16xf32> into vector<2x16xf32>
  return %r : vector<2x16xf32>
}

// Nor are two of f16 bf16, though they are 32 bits.
// CHECK-LABEL: func @f16(
// CHECK-NOT:     llvm.call_intrinsic
// CHECK:         vector.contract
func.func @f16(%x: vector<2x2xf16>, %w: vector<16x2xf16>,
               %y: vector<2x16xf32>) -> vector<2x16xf32> {
  %t = vector.transpose %w, [1, 0] : vector<16x2xf16> to vector<2x16xf16>
  %a = arith.extf %x : vector<2x2xf16> to vector<2x2xf32>
  %b = arith.extf %t : vector<2x16xf16> to vector<2x16xf32>
  %r = vector.contract {indexing_maps = [#mk, #kn, #mn],
      iterator_types = ["parallel", "parallel", "reduction"],
      kind = #vector.kind<add>} %a, %b, %y
      : vector<2x2xf32>, vector<2x16xf32> into vector<2x16xf32>
  return %r : vector<2x16xf32>
}

// Elements that do not lie column by column stay, and so do the largest of
// products, and factors that are f32 from the start.
// CHECK-LABEL: func @others(
// CHECK-NOT:     llvm.call_intrinsic
// CHECK:         vector.contract
// CHECK-NOT:     llvm.call_intrinsic
// CHECK:         vector.contract
// CHECK-NOT:     llvm.call_intrinsic
// CHECK:         vector.contract
// CHECK-NOT:     llvm.call_intrinsic
// CHECK:         return
func.func @others(%x: vector<2x2xbf16>, %v: vector<2x16xbf16>,
                  %w: vector<16x2xbf16>, %u: vector<2x2xf32>,
                  %y: vector<2x16xf32>) -> vector<2x16xf32> {
  %a = arith.extf %x : vector<2x2xbf16> to vector<2x2xf32>
  %b = arith.extf %v : vector<2x16xbf16> to vector<2x16xf32>
  %p = vector.contract {indexing_maps = [#mk, #kn, #mn],
      iterator_types = ["parallel", "parallel", "reduction"],
      kind = #vector.kind<add>} %a, %b, %y
      : vector<2x2xf32>, vector<2x16xf32> into vector<2x16xf32>
  %t = vector.transpose %w, [1, 0] : vector<16x2xbf16> to vector<2x16xbf16>
  %c = arith.extf %t : vector<2x16xbf16> to vector<2x16xf32>
  %q = vector.contract {indexing_maps = [#mk, #kn, #mn],
      iterator_types = ["parallel", "parallel", "reduction"],
      kind = #vector.kind<maximumf>} %a, %c, %p
      : vector<2x2xf32>, vector<2x16xf32> into vector<2x16xf32>
  %r = vector.contract {indexing_maps = [#mk, #kn, #mn],
      iterator_types = ["parallel", "parallel", "reduction"],
      kind = #vector.kind<add>} %u, %c, %q
      : vector<2x2xf32>, vector<2x16xf32> into vector<2x16xf32>
  return %r : vector<2x16xf32>
}

// Two terms of sixteen bits are 32 bits, too, and not four of eight. Eight bits
// that meet sixteen, and sums of 64 bits, are no such products either.
// CHECK-LABEL: func @other_integers(
// CHECK-NOT:     llvm.call_intrinsic
// CHECK:         return
func.func @other_integers(%x: vector<2xi16>, %w: vector<16x2xi16>,
                          %v: vector<4xi16>, %u: vector<16x4xi8>,
                          %s: vector<4xi8>, %y: vector<16xi32>,
                          %z: vector<16xi64>)
    -> (vector<16xi32>, vector<16xi32>, vector<16xi64>) {
  %a = arith.extui %x : vector<2xi16> to vector<2xi32>
  %t = vector.transpose %w, [1, 0] : vector<16x2xi16> to vector<2x16xi16>
  %b = arith.extsi %t : vector<2x16xi16> to vector<2x16xi32>
  %p = vector.contract {indexing_maps = [affine_map<(n, k) -> (k)>,
                                         affine_map<(n, k) -> (k, n)>,
                                         affine_map<(n, k) -> (n)>],
      iterator_types = ["parallel", "reduction"],
      kind = #vector.kind<add>} %a, %b, %y
      : vector<2xi32>, vector<2x16xi32> into vector<16xi32>
  %c = arith.extui %v : vector<4xi16> to vector<4xi32>
  %q = vector.transpose %u, [1, 0] : vector<16x4xi8> to vector<4x16xi8>
  %d = arith.extsi %q : vector<4x16xi8> to vector<4x16xi32>
  %r = vector.contract {indexing_maps = [affine_map<(n, k) -> (k)>,
                                         affine_map<(n, k) -> (k, n)>,
                                         affine_map<(n, k) -> (n)>],
      iterator_types = ["parallel", "reduction"],
      kind = #vector.kind<add>} %c, %d, %p
      : vector<4xi32>, vector<4x16xi32> into vector<16xi32>
  %e = arith.extui %s : vector<4xi8> to vector<4xi64>
  %f = arith.extsi %q : vector<4x16xi8> to vector<4x16xi64>
  %g = vector.contract {indexing_maps = [affine_map<(n, k) -> (k)>,
                                         affine_map<(n, k) -> (k, n)>,
                                         affine_map<(n, k) -> (n)>],
      iterator_types = ["parallel", "reduction"],
      kind = #vector.kind<add>} %e, %f, %z
      : vector<4xi64>, vector<4x16xi64> into vector<16xi64>
  return %p, %r, %g : vector<16xi32>, vector<16xi32>, vector<16xi64>
}
