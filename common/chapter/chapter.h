//===- chapter.h - What a chapter is ------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "chapter/policy.h"
#include "compiler/pipeline/pipelines.h"

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace gpt2 {

/// A way of turning GPT-2's text into machine code: a description, which does
/// not change. What is compiled of it, and for what, is a Build.
/// `add_chapter()` in CMakeLists.txt writes one from a chapter's folder: what
/// the folder lacks is the parent's.
struct Chapter {
  std::string name;  ///< the folder's
  std::string title; ///< what a reader finds in it, one line
  const Chapter *parent = nullptr;
  /// MLIR text: common/gpt2.mlir and the kernels, the parent's files replaced
  /// by those of the same name.
  std::vector<std::filesystem::path> sources = {};
  /// The same for kernels alone, in the place of gpt2.mlir: entries test_NAME.
  std::vector<std::filesystem::path> kernelEntries = {};
  /// Its stages for a model and a machine.
  std::function<Pipeline(const PipelineOptions &options)> pipeline = nullptr;
  std::vector<std::string> devices = {};       ///< what --device may name
  std::vector<std::string> weightFormats = {}; ///< what --weights may name
  /// What --kv may name; empty if the program keeps no keys and values.
  std::vector<std::string> cacheFormats = {};
  /// The same with kernels, if this is for the CPU and there are both.
  const Chapter *onGpu = nullptr;
  int maxThreads = 1; ///< what --threads may ask for
  /// Chooses the sizes of steps for which programs are compiled while it
  /// serves; none: the one program computes all.
  Policy policy = nullptr;
  /// Its schedules, one for each family of CPUs or GPUs, and what they share.
  std::vector<std::filesystem::path> schedules = {}, scheduleSteps = {};

  /// Whether its programs take matrices in `format`.
  bool takes(ElementType format) const;
  /// Whether its programs launch kernels: then one of its devices emulates.
  bool hasKernels() const;
  /// Whether they keep keys and values; then their entries are prefill and
  /// decode, otherwise there is forward.
  bool keepsCache() const { return !cacheFormats.empty(); }
  std::string entry() const { return keepsCache() ? "prefill" : "forward"; }
};

/// `own`, of which texts and a pipeline are what the chapter's folder has, with
/// what it lacks of its parent: texts of other names, schedules among them, the
/// pipeline, and the policy.
Chapter inherit(Chapter own);

/// The command line of a chapter's program; returns its exit code.
int runChapter(const Chapter &chapter, int argc, char **argv);

} // namespace gpt2
