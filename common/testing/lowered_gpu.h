//===- lowered_gpu.h - Modules lowered for a chip, for tests ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "compiler/codegen/gpu_codegen.h"
#include "device/emulator/emulator.h"
#include "device/memref.h"

#include "mlir/IR/BuiltinOps.h"

#include <string>
#include <vector>

namespace gpt2::testing {

/// A module lowered for a chip.
class LoweredGpu {
public:
  /// With `hasHost`, the module has functions that launch. Throws an Error if
  /// the text does not parse or a pass fails.
  LoweredGpu(const std::string &text, const std::string &chip,
             bool hasHost = false);

  mlir::gpu::GPUModuleOp kernels();

  /// The functions; their kernels are gone after that.
  LoadedArchive host();

  const GpuTarget target;

private:
  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

/// A kernel's arguments: the words of memrefs' descriptors, one by one.
class KernelArguments {
public:
  /// f32 or i32 elements at `data`, row by row.
  template <typename T> void add(T *data, const std::vector<int64_t> &shape) {
    MemRef memref(data, shape);
    auto *word = static_cast<int64_t *>(memref.descriptor());
    words.insert(words.end(), word, word + 3 + 2 * shape.size());
  }
  void **pointers();

private:
  std::vector<int64_t> words;
  std::vector<void *> all;
};

/// Each 32 lanes of a block sum their part of a row's exponentials, and its
/// first thread the eight sums: @sums(%x: memref<3x256xf32>, %y: memref<3xf32>)
/// stores their tanh. Grid 3, block 256.
extern const char *const blockSums;

} // namespace gpt2::testing
