//===- library.h - What a chapter's --aot wrote -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "device/dynamic_library.h"
#include "device/executable.h"
#include "model/config.h"

#include <nlohmann/json.hpp>

#include <filesystem>

namespace gpt2 {

/// Throws an Error if `file` is not a shared library (ELF) for machines of this
/// kind, or lacks bytes that its headers speak of: it was cut short, and would
/// end whoever calls what is missing.
void requireWholeLibrary(const std::filesystem::path &file);

/// A library of programs, see chapter/ahead_of_time.h.
class Library {
public:
  /// Throws an Error as requireWholeLibrary() does, or if no chapter wrote it.
  explicit Library(const std::filesystem::path &file);

  const nlohmann::json &description() const { return about; }

  /// Throws an Error if it was compiled for another kind of model.
  void requireModel(const Config &config) const;

  /// The suffix of the program for `device` that runs on `chip`; empty if there
  /// is none. NVIDIA's newer chips run what is for older ones, and the newest
  /// of these is best; AMD's do not.
  std::string suffixFor(const std::string &device,
                        const std::string &chip) const;

  Executable load(const std::string &suffix) const;

  /// Those that it has kernels for, with commas between.
  std::string chips() const;

private:
  DynamicLibrary library;
  nlohmann::json about;
};

} // namespace gpt2
