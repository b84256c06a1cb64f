//===- safetensors.h - The index of a safetensors file ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The format (huggingface/safetensors, "Format"): 8 bytes that give the length
// of a JSON header, the header {name: {dtype, shape, data_offsets}}, the data.
// A model may be divided among several; an index says which tensor is where.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "support/mapped_file.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace gpt2 {

struct SafetensorsEntry {
  std::string dtype; ///< as in the file; not only those we can read
  std::vector<int64_t> shape;
  std::span<const std::byte> bytes;
};

/// Reads the header of `file`, whose name in messages is `source`. Throws an
/// Error if a length or offset lies: past the end, overlapping, leaving a hole,
/// or not what the shape and a known dtype say.
std::map<std::string, SafetensorsEntry>
readSafetensorsIndex(const MappedFile &file, const std::string &source);

/// The tensors of a model, which is one file or, behind an index
/// (model.safetensors.index.json), several: its shards.
class SafetensorsModel {
public:
  struct Tensor : SafetensorsEntry {
    std::shared_ptr<const MappedFile> file;
    std::string source; ///< the file's name
  };

  /// Opens a .safetensors file, or an .index.json and the shards that it names.
  /// Throws as readSafetensorsIndex() does, and if index and shards differ.
  explicit SafetensorsModel(const std::filesystem::path &path);

  const std::map<std::string, Tensor> &tensors() const { return all; }

private:
  void add(const std::filesystem::path &path);

  std::map<std::string, Tensor> all;
};

} // namespace gpt2
