//===- pipelines.h - Stages of lowering, and those all chapters share ---===//
#pragma once

#include "compiler/codegen/gpu_target.h"
#include "compiler/passes/passes.h"
#include "model/element_type.h"

#include "mlir/Pass/PassManager.h"

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace gpt2 {

/// A part of a chapter's pipeline. What the program looks like behind it can be
/// printed with `--emit=NAME`.
struct Stage {
  std::string name;
  std::function<void(mlir::OpPassManager &)> addPasses;
};

/// What a program is compiled for.
struct Setting {
  Sizes sizes;           ///< of the model
  bool isModel = true;   ///< not kernels alone, which lack its entries
  double epsilon = 1e-5; ///< that its layer normalisation adds to variances
  bool isTied = true;    ///< its logits are made with the embedding of tokens
  GpuTarget gpu;         ///< that its kernels run on, if it has kernels
  ElementType weights = ElementType::F32; ///< of matrices: F32, BF16 or I8
  ElementType cache = ElementType::F32;   ///< of keys and values: F32, BF16
  /// In the transform dialect, if the chapter has a schedule: the file for the
  /// CPU or the chip, and those with what all of them share.
  std::vector<std::filesystem::path> schedule;
  bool mustSchedule = false; ///< a user asked for this one
  int64_t dotDepth = 1;      ///< products of weights that an instruction adds
  int64_t dotLanes = 0;      ///< to each of so many sums
};

/// "weights": matrices in fewer bits, as the setting has them.
Stage weightsStage();

/// "cache": keys and values in bf16, where the setting has them so.
Stage cacheStage();

/// "specialized": one function, its sizes and numbers those of the model, its
/// kernels inlined.
Stage specializeStage(const Setting &setting);

/// Tensors become memory, in place wherever that is safe. What is allocated is
/// not freed yet.
void addBufferization(mlir::OpPassManager &pm);

/// The part of it that does so: results of kernels stay where they are made.
void addOneShotBufferization(mlir::OpPassManager &pm);

/// "bufferized": tensors become memory, in place wherever that is safe; buffers
/// of loops are allocated once, before them.
Stage bufferizeStage();

/// The passes that take gpu.modules from the gpu dialect to the target's
/// dialect and LLVM's. Kernels take memrefs as their descriptors' words: a size
/// may be open.
void addGpuLowering(mlir::OpPassManager &pm, const GpuTarget &target);

/// "llvm-dialect": loops become branches, memrefs pointers.
Stage llvmDialectStage();

} // namespace gpt2
