//===- safetensors.h - The index of a safetensors file ------------------===//
//
// The format (huggingface/safetensors, "Format"): 8 bytes that give the length
// of a JSON header, the header {name: {dtype, shape, data_offsets}}, the data.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "model/mapped_file.h"

#include <map>
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

} // namespace gpt2
