//===- mapped_file.h - A file as read-only memory -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

namespace gpt2 {

/// A whole file, mapped read-only for as long as the object lives.
class MappedFile {
public:
  /// Throws an Error if `file` cannot be opened or is not a regular file.
  explicit MappedFile(const std::filesystem::path &file);
  ~MappedFile();
  MappedFile(const MappedFile &) = delete;
  MappedFile &operator=(const MappedFile &) = delete;

  const std::byte *data() const { return begin; }
  size_t size() const { return length; }
  std::span<const std::byte> bytes() const { return {begin, length}; }

  /// Tells the kernel that `range` will not be read again, so that its pages no
  /// longer count as this process's memory.
  void release(std::span<const std::byte> range) const;

private:
  std::byte *begin = nullptr;
  size_t length = 0;
};

} // namespace gpt2
