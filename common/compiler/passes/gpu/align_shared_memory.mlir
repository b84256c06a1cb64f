// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: gpt2-opt %s --align-shared-memory | FileCheck %s

// Both of a block's variables, whatever their elements; a thread's own stays
// as it is.
// CHECK-LABEL: gpu.func @tiles
// CHECK-SAME:    workgroup(%{{.+}}: memref<16x16xbf16, #gpu.address_space<workgroup>> {llvm.align = 16 : i64},
// CHECK-SAME:              %{{.+}}: memref<3xf32, #gpu.address_space<workgroup>> {llvm.align = 16 : i64})
// CHECK-SAME:    private(%{{.+}}: memref<4xf32, #gpu.address_space<private>>) kernel
// CHECK-LABEL: gpu.func @one
// CHECK-SAME:    workgroup(%{{.+}} {llvm.align = 16 : i64})
// CHECK-LABEL: gpu.func @aligned
// CHECK-SAME:    workgroup(%{{.+}} {llvm.align = 128 : i64}, %{{.+}} {llvm.align = 16 : i64})
// CHECK-LABEL: gpu.func @none(
// CHECK-NOT:     llvm.align
gpu.module @kernels {
  gpu.func @tiles()
      workgroup(%a: memref<16x16xbf16, #gpu.address_space<workgroup>>,
                %b: memref<3xf32, #gpu.address_space<workgroup>>)
      private(%c: memref<4xf32, #gpu.address_space<private>>) kernel {
    gpu.return
  }

  // The arguments of a kernel are the caller's; this is not a kernel, but has
  // a variable all the same.
  gpu.func @one(%x: memref<8xf32>)
      workgroup(%a: memref<1xf32, #gpu.address_space<workgroup>>) {
    gpu.return
  }

  // What asks for more keeps it.
  gpu.func @aligned()
      workgroup(%a: memref<8xf32, #gpu.address_space<workgroup>>
                    {llvm.align = 128 : i64},
                %b: memref<8xf32, #gpu.address_space<workgroup>>
                    {llvm.align = 4 : i64}) kernel {
    gpu.return
  }

  // No variable, nothing to align.
  gpu.func @none(%x: memref<8xf32>) kernel {
    gpu.return
  }
}
