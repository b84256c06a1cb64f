//===- loaded_archive.h - Object files, loaded and callable --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "device/executable.h"

#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace gpt2 {

/// Machine code in memory, linked by LLVM's ORC against this process: malloc,
/// free, libm, MLIR's memrefCopy, and of ours what launches kernels
/// (device/mgpu.h) and what emulated kernels ask for
/// (device/emulator/intrinsics.h) are all that the compiled code calls.
class LoadedArchive {
public:
  /// Loads the object files in the archive `objects`. Throws an Error if it is
  /// none or they do not link.
  explicit LoadedArchive(std::string_view objects);
  ~LoadedArchive();
  LoadedArchive(LoadedArchive &&) noexcept;

  /// Calls the entry `name`, see callEntry(). Throws an Error if there is none.
  void call(const std::string &name, std::span<MemRef> arguments) const;

  /// The address of the function or variable `name`; null if there is none.
  void *find(const std::string &name) const;

private:
  struct Jit;
  std::unique_ptr<Jit> jit;
};

/// The same as what its device runs. Throws the Errors of both.
Executable load(std::string_view objects);

} // namespace gpt2
