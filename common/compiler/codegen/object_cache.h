//===- object_cache.h - Compiled programs on disk -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace gpt2 {

/// Objects by key, in a folder that several processes may use at once. An entry
/// appears whole (written aside, then renamed) and is checked when read: one
/// that was damaged on disk is as if it were absent.
class ObjectCache {
public:
  /// Looks at `directory` only when something is sought or stored there.
  explicit ObjectCache(std::filesystem::path directory)
      : directory(std::move(directory)) {}

  /// $XDG_CACHE_HOME/lowering-gpt2, or ~/.cache/lowering-gpt2; nothing if there
  /// is no such home.
  static std::optional<std::filesystem::path> defaultDirectory();

  /// A name for what a key's parts, in this order, describe.
  static std::string keyOf(std::initializer_list<std::string_view> parts);

  /// Nothing, too, if the entry or the folder cannot be read.
  std::optional<std::string> find(const std::string &key) const;

  /// Stores `object`, and drops the entries longest unused if the folder has
  /// grown beyond 256 MB. Makes the folder if need be. Throws an Error if
  /// something cannot be written.
  void store(const std::string &key, std::string_view object) const;

private:
  std::filesystem::path fileOf(const std::string &key) const;
  std::filesystem::path directory;
};

} // namespace gpt2
