// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: gpt2-opt %s --lower-gpu-launches --split-input-file \
// RUN:   --verify-diagnostics | FileCheck %s

// The runtime finds a kernel by its module's and its own name, which end with
// a zero. The program has a copy of each argument on its stack, and an array of
// their addresses.
// CHECK-DAG:   llvm.func @mgpuModuleLoad(!llvm.ptr, i64) -> !llvm.ptr
// CHECK-DAG:   llvm.func @mgpuModuleGetFunction(!llvm.ptr, !llvm.ptr) -> !llvm.ptr
// CHECK-DAG:   llvm.func @mgpuLaunchKernel(!llvm.ptr, i64, i64, i64, i64, i64, i64, i32, !llvm.ptr, !llvm.ptr, !llvm.ptr, i64)
// CHECK-DAG:   llvm.mlir.global internal constant @gpu_name_kernels("kernels\00")
// CHECK-DAG:   llvm.mlir.global internal constant @gpu_name_gelu("gelu\00")
// CHECK:       gpu.module @kernels
// CHECK-LABEL: llvm.func @two_arguments(
// CHECK-SAME:    %[[X:.+]]: !llvm.ptr, %[[N:.+]]: i64, %[[B:.+]]: i64) {
// CHECK-DAG:     %[[PLACE_X:.+]] = llvm.alloca %{{.+}} x !llvm.ptr : (i64) -> !llvm.ptr
// CHECK-DAG:     %[[PLACE_N:.+]] = llvm.alloca %{{.+}} x i64
// CHECK-DAG:     %[[TWO:.+]] = llvm.mlir.constant(2 : i64)
// CHECK-DAG:     %[[ARGUMENTS:.+]] = llvm.alloca %[[TWO]] x !llvm.ptr
// CHECK:         %[[ONE:.+]] = llvm.mlir.constant(1 : i64)
// CHECK:         llvm.store %[[X]], %[[PLACE_X]]
// CHECK:         %[[SLOT:.+]] = llvm.getelementptr %[[ARGUMENTS]][0] : (!llvm.ptr) -> !llvm.ptr, !llvm.ptr
// CHECK:         llvm.store %[[PLACE_X]], %[[SLOT]]
// CHECK:         llvm.store %[[N]], %[[PLACE_N]]
// CHECK:         %[[SLOT:.+]] = llvm.getelementptr %[[ARGUMENTS]][1]
// CHECK:         llvm.store %[[PLACE_N]], %[[SLOT]]
// CHECK-DAG:     %[[NAME:.+]] = llvm.mlir.addressof @gpu_name_kernels
// CHECK-DAG:     %[[SIZE:.+]] = llvm.mlir.constant(7 : i64)
// CHECK:         %[[MODULE:.+]] = llvm.call @mgpuModuleLoad(%[[NAME]], %[[SIZE]])
// CHECK:         %[[NAME:.+]] = llvm.mlir.addressof @gpu_name_gelu
// CHECK:         %[[KERNEL:.+]] = llvm.call @mgpuModuleGetFunction(%[[MODULE]], %[[NAME]])
// CHECK-DAG:     %[[SHARED:.+]] = llvm.mlir.constant(0 : i32)
// CHECK-DAG:     %[[NONE:.+]] = llvm.mlir.zero : !llvm.ptr
// CHECK-DAG:     %[[COUNT:.+]] = llvm.mlir.constant(2 : i64)
// CHECK:         llvm.call @mgpuLaunchKernel(%[[KERNEL]], %[[N]], %[[ONE]], %[[ONE]], %[[B]], %[[ONE]], %[[ONE]],
// CHECK-SAME:        %[[SHARED]], %[[NONE]], %[[ARGUMENTS]], %[[NONE]], %[[COUNT]])
// CHECK-NOT:     gpu.launch_func
// CHECK:         llvm.return
module attributes {gpu.container_module} {
  gpu.module @kernels {
    llvm.func @gelu(%x: !llvm.ptr, %n: i64) attributes {gpu.kernel} {
      llvm.return
    }
  }
  llvm.func @two_arguments(%x: !llvm.ptr, %n: i64, %b: i64) {
    %one = llvm.mlir.constant(1 : i64) : i64
    gpu.launch_func @kernels::@gelu
        blocks in (%n, %one, %one) threads in (%b, %one, %one) : i64
        args(%x : !llvm.ptr, %n : i64)
    llvm.return
  }
}

// -----

// Two launches of one kernel, which is called as its module is: its name is
// there once, and so is each function of the runtime. The first launch brings
// memory that its blocks share.
// CHECK-COUNT-3: llvm.func @mgpu
// CHECK-NOT:   llvm.func @mgpu
// CHECK:       llvm.mlir.global internal constant @gpu_name_gelu("gelu\00")
// CHECK-NOT:   llvm.mlir.global
// CHECK-LABEL: llvm.func @twice(
// CHECK-SAME:    %[[N:.+]]: i64, %[[SHARED:.+]]: i32) {
// CHECK:         llvm.call @mgpuLaunchKernel(%{{.+}}, %[[N]], %[[N]], %[[N]], %[[N]], %[[N]], %[[N]], %[[SHARED]],
// CHECK:         %[[ZERO:.+]] = llvm.mlir.constant(0 : i32)
// CHECK:         llvm.call @mgpuLaunchKernel(%{{.+}}, %[[N]], %[[N]], %[[N]], %[[N]], %[[N]], %[[N]], %[[ZERO]],
module attributes {gpu.container_module} {
  gpu.module @gelu {
    llvm.func @gelu(%n: i64) attributes {gpu.kernel} {
      llvm.return
    }
  }
  llvm.func @twice(%n: i64, %shared: i32) {
    gpu.launch_func @gelu::@gelu
        blocks in (%n, %n, %n) threads in (%n, %n, %n) : i64
        dynamic_shared_memory_size %shared args(%n : i64)
    gpu.launch_func @gelu::@gelu
        blocks in (%n, %n, %n) threads in (%n, %n, %n) : i64 args(%n : i64)
    llvm.return
  }
}

// -----

// In a loop: the stack is the function's, from its first block on, and does not
// grow with each iteration. Without arguments, the array has room for one all the
// same, and the count says 0.
// CHECK-LABEL: llvm.func @loop(
// CHECK-NEXT:    %[[ONE:.+]] = llvm.mlir.constant(1 : i64)
// CHECK-NEXT:    %[[ARGUMENTS:.+]] = llvm.alloca %[[ONE]] x !llvm.ptr
// CHECK-NEXT:    llvm.br ^[[LOOP:.+]]
// CHECK-NEXT:  ^[[LOOP]]:
// CHECK-NOT:     llvm.alloca
// CHECK:         %[[COUNT:.+]] = llvm.mlir.constant(0 : i64)
// CHECK:         llvm.call @mgpuLaunchKernel({{.*}}, %[[ARGUMENTS]], %{{[^,]+}}, %[[COUNT]])
// CHECK-NEXT:    llvm.cond_br %{{.+}}, ^[[LOOP]],
module attributes {gpu.container_module} {
  gpu.module @kernels {
    llvm.func @nothing() attributes {gpu.kernel} {
      llvm.return
    }
  }
  llvm.func @loop(%n: i64, %again: i1) {
    llvm.br ^loop
  ^loop:
    gpu.launch_func @kernels::@nothing
        blocks in (%n, %n, %n) threads in (%n, %n, %n) : i64
    llvm.cond_br %again, ^loop, ^end
  ^end:
    llvm.return
  }
}

// -----

// A program without kernels needs nothing of the runtime.
// CHECK-NOT:   mgpu
// CHECK-LABEL: llvm.func @host()
// CHECK-NOT:   mgpu
llvm.func @host() {
  llvm.return
}

// -----

// A memref is several arguments, but which ones, gpu-to-llvm says.
module attributes {gpu.container_module} {
  gpu.module @kernels {
    gpu.func @kernel() kernel {
      gpu.return
    }
  }
  func.func @too_early(%n: index) {
    // expected-error @below {{'gpu.launch_func' op is not in the LLVM dialect; run gpu-to-llvm first}}
    gpu.launch_func @kernels::@kernel
        blocks in (%n, %n, %n) threads in (%n, %n, %n)
    return
  }
}

// -----

// The runtime's launches are in their order, on the one stream that there is.
module attributes {gpu.container_module} {
  gpu.module @kernels {
    llvm.func @kernel() attributes {gpu.kernel} {
      llvm.return
    }
  }
  llvm.func @on_a_stream(%n: i64, %stream: !llvm.ptr) {
    // expected-error @below {{'gpu.launch_func' op has a stream, which the runtime lacks}}
    gpu.launch_func <%stream : !llvm.ptr> @kernels::@kernel
        blocks in (%n, %n, %n) threads in (%n, %n, %n) : i64
    llvm.return
  }
}

// -----

module attributes {gpu.container_module} {
  gpu.module @kernels {
    llvm.func @kernel() attributes {gpu.kernel} {
      llvm.return
    }
  }
  llvm.func @after_another(%n: i64) {
    %before = gpu.wait async
    // expected-error @below {{'gpu.launch_func' op has tokens, which the runtime lacks}}
    %after = gpu.launch_func async [%before] @kernels::@kernel
        blocks in (%n, %n, %n) threads in (%n, %n, %n) : i64
    llvm.return
  }
}

// -----

module attributes {gpu.container_module} {
  gpu.module @kernels {
    llvm.func @kernel() attributes {gpu.kernel} {
      llvm.return
    }
  }
  llvm.func @in_clusters(%n: i64) {
    // expected-error @below {{'gpu.launch_func' op has clusters of blocks, which the runtime lacks}}
    gpu.launch_func @kernels::@kernel clusters in (%n, %n, %n)
        blocks in (%n, %n, %n) threads in (%n, %n, %n) : i64
    llvm.return
  }
}

// -----

module attributes {gpu.container_module} {
  gpu.module @kernels {
    llvm.func @kernel() attributes {gpu.kernel} {
      llvm.return
    }
  }
  llvm.func @small(%n: i32) {
    // expected-error @below {{'gpu.launch_func' op has sizes that are no i64, which the runtime lacks}}
    gpu.launch_func @kernels::@kernel
        blocks in (%n, %n, %n) threads in (%n, %n, %n) : i32
    llvm.return
  }
}
