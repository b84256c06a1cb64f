//===- chapter.cpp - What a chapter is ----------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "chapter/chapter.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringRef.h"

namespace gpt2 {

bool Chapter::hasKernels() const {
  return llvm::is_contained(devices, "emulator");
}

bool Chapter::takes(ElementType format) const {
  std::string name = format == ElementType::I8
                         ? "int8"
                         : llvm::StringRef(nameOf(format)).lower();
  return llvm::is_contained(weightFormats, name);
}

/// Adds those of `parents` that have no namesake in `files`.
static void inheritFiles(std::vector<std::filesystem::path> &files,
                         const std::vector<std::filesystem::path> &parents) {
  size_t own = files.size();
  for (const std::filesystem::path &parent : parents)
    if (llvm::none_of(llvm::ArrayRef(files).take_front(own),
                      [&](const std::filesystem::path &file) {
                        return file.filename() == parent.filename();
                      }))
      files.push_back(parent);
}

Chapter inherit(Chapter own) {
  if (!own.parent)
    return own;
  inheritFiles(own.sources, own.parent->sources);
  inheritFiles(own.kernelEntries, own.parent->kernelEntries);
  inheritFiles(own.schedules, own.parent->schedules);
  inheritFiles(own.scheduleSteps, own.parent->scheduleSteps);
  if (!own.pipeline)
    own.pipeline = own.parent->pipeline;
  if (!own.policy)
    own.policy = own.parent->policy;
  return own;
}

} // namespace gpt2
