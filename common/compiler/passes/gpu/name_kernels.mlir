// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: gpt2-opt %s --name-kernels | FileCheck %s
// RUN: gpt2-opt %s --name-kernels --gpu-kernel-outlining \
// RUN:   | FileCheck %s --check-prefix=OUTLINED --implicit-check-not=gpu.module

// A kernel is called as the file it was written in; a second from there has a
// number. All of the program's are in one module.
// CHECK-LABEL: func @files
// CHECK:         gpu.launch {{.*}}module(@kernels) function(@gelu)
// CHECK:         gpu.launch {{.*}}module(@kernels) function(@layernorm)
// CHECK:         gpu.launch {{.*}}module(@kernels) function(@gelu_1)
// OUTLINED-LABEL: func @files
// OUTLINED:         gpu.launch_func @kernels::@gelu blocks
// OUTLINED:         gpu.launch_func @kernels::@layernorm blocks
// OUTLINED:         gpu.launch_func @kernels::@gelu_1 blocks
// OUTLINED:       gpu.module @kernels {
func.func @files(%n: index) {
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %n, %gy = %n, %gz = %n)
      threads(%tx, %ty, %tz) in (%sx = %n, %sy = %n, %sz = %n) {
    gpu.terminator
  } loc("folder/gelu.mlir":3:5)
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %n, %gy = %n, %gz = %n)
      threads(%tx, %ty, %tz) in (%sx = %n, %sy = %n, %sz = %n) {
    gpu.terminator
  } loc("layernorm.mlir":1:1)
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %n, %gy = %n, %gz = %n)
      threads(%tx, %ty, %tz) in (%sx = %n, %sy = %n, %sz = %n) {
    gpu.terminator
  } loc("other/gelu.mlir":9:1)
  return
}

// Wherever it was inlined, through whatever it has become: of the callee, of
// the first of those that were fused, and without the name it was given. The
// numbers go on through the whole program.
// CHECK-LABEL: func @locations
// CHECK:         gpu.launch {{.*}}module(@kernels) function(@gelu_2)
// CHECK:         gpu.launch {{.*}}module(@kernels) function(@linear)
// CHECK:         gpu.launch {{.*}}module(@kernels) function(@residual)
// OUTLINED-LABEL: func @locations
// OUTLINED:         gpu.launch_func @kernels::@gelu_2 blocks
func.func @locations(%n: index) {
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %n, %gy = %n, %gz = %n)
      threads(%tx, %ty, %tz) in (%sx = %n, %sy = %n, %sz = %n) {
    gpu.terminator
  } loc(callsite("gelu.mlir":9:1 at "gpt2.mlir":7:7))
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %n, %gy = %n, %gz = %n)
      threads(%tx, %ty, %tz) in (%sx = %n, %sy = %n, %sz = %n) {
    gpu.terminator
  } loc(fused["linear.mlir":9:1, "gelu.mlir":7:7])
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %n, %gy = %n, %gz = %n)
      threads(%tx, %ty, %tz) in (%sx = %n, %sy = %n, %sz = %n) {
    gpu.terminator
  } loc("sum"("residual.mlir":9:1))
  return
}

// Of a place that nobody knows.
// CHECK-LABEL: func @unknown
// CHECK:         gpu.launch {{.*}}module(@kernels) function(@kernel)
func.func @unknown(%n: index) {
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %n, %gy = %n, %gz = %n)
      threads(%tx, %ty, %tz) in (%sx = %n, %sy = %n, %sz = %n) {
    gpu.terminator
  } loc(unknown)
  return
}

// A function without kernels.
// CHECK-LABEL: func @no_launch() {
// CHECK-NEXT:    return
// OUTLINED-LABEL: func @no_launch() {
// OUTLINED-NEXT:    return
func.func @no_launch() {
  return
}
