//===- paths.cpp - Where the book's own files lie -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "support/paths.h"

#include <utility>

namespace gpt2::paths {
namespace {

std::filesystem::path &folder() {
  static std::filesystem::path folder = GPT2_SOURCE_DIR;
  return folder;
}

} // namespace

const std::filesystem::path &source() { return folder(); }

void useSource(std::filesystem::path other) { folder() = std::move(other); }

std::string embeddedModel() {
  return (source() / "common/embedded_model/fairy-tales").string();
}

std::vector<std::filesystem::path>
inSource(std::vector<std::filesystem::path> files) {
  for (std::filesystem::path &file : files)
    file = source() / file;
  return files;
}

} // namespace gpt2::paths
