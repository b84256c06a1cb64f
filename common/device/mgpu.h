//===- mgpu.h - What a compiled program's host part calls ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Names and signatures are those of MLIR's own runtimes for CUDA and ROCm
// (mlir/lib/ExecutionEngine/*RuntimeWrappers.cpp); these direct everything to
// the current Device. One compiled host program runs on any of them.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstddef>
#include <cstdint>

extern "C" {

void *mgpuModuleLoad(void *name, size_t size);
void *mgpuModuleGetFunction(void *module, const char *name);
/// Extents of grid and block; `arguments` are pointers to the kernel's. The
/// program ends if no device is current: compiled code cannot be unwound, so
/// whoever calls it does so under a Device::Use.
void mgpuLaunchKernel(void *function, intptr_t gridX, intptr_t gridY,
                      intptr_t gridZ, intptr_t blockX, intptr_t blockY,
                      intptr_t blockZ, int32_t sharedBytes, void *stream,
                      void **arguments, void **extra, size_t count);
}
