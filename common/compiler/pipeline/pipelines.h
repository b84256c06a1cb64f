//===- pipelines.h - The stages that all chapters share -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "compiler/passes/passes.h"
#include "compiler/pipeline/specialization.h"
#include "compiler/pipeline/stages.h"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace gpt2 {

/// What a chapter's pipeline is made for.
struct PipelineOptions : Specialization {
  bool isModel = true; ///< not kernels alone, which lack its entries
  /// In the transform dialect, if the chapter has a schedule: the file for the
  /// CPU or the chip, and those with what all of them share.
  std::vector<std::filesystem::path> schedule = {};
  bool mustSchedule = false; ///< a user asked for this one
  /// Of the schedule's knobs, those that are to be others than it says.
  std::map<std::string, int64_t> numbers = {};
  int64_t vnniFactor = 1;    ///< products of weights that an instruction adds
  int64_t dotLanes = 0;      ///< to each of so many sums
};

/// "weights": matrices in bf16.
Stage weightsStage();

/// "cache": keys and values in bf16.
Stage cacheStage();

/// "specialized": one function, its sizes and numbers those of the model, its
/// kernels inlined.
Stage specializeStage(const PipelineOptions &options);

/// Tensors become memory, in place wherever that is safe: no argument is
/// written but those that an entry says it writes. What is allocated is not
/// freed yet.
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
