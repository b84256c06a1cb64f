//===- object_cache.cpp - Compiled programs on disk ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/codegen/object_cache.h"
#include "support/error.h"
#include "support/files.h"
#include "support/mapped_file.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/BLAKE3.h"
#include "llvm/Support/CachePruning.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#include <cstdlib>

namespace gpt2 {
namespace {

constexpr size_t hashBytes = 32;

std::string hashOf(std::string_view bytes) {
  auto hash = llvm::BLAKE3::hash<hashBytes>(
      llvm::arrayRefFromStringRef({bytes.data(), bytes.size()}));
  return {hash.begin(), hash.end()};
}

} // namespace

std::optional<std::filesystem::path> ObjectCache::defaultDirectory() {
  // An empty variable is as one that is not set (XDG Base Directory).
  if (const char *caches = std::getenv("XDG_CACHE_HOME"); caches && *caches)
    return std::filesystem::path(caches) / "lowering-gpt2";
  llvm::SmallString<128> home;
  if (!llvm::sys::path::home_directory(home) || home.empty())
    return std::nullopt;
  return std::filesystem::path(home.str().str()) / ".cache/lowering-gpt2";
}

std::string ObjectCache::keyOf(std::initializer_list<std::string_view> parts) {
  llvm::BLAKE3 hasher;
  for (std::string_view part : parts) {
    // The length first, so that no two lists of parts read alike.
    hasher.update(std::to_string(part.size()) + ":");
    hasher.update(llvm::StringRef(part.data(), part.size()));
  }
  return llvm::toHex(hasher.final<hashBytes>(), /*LowerCase=*/true);
}

std::filesystem::path ObjectCache::fileOf(const std::string &key) const {
  return directory / ("llvmcache-" + key); // the prefix pruneCache looks for
}

std::optional<std::string> ObjectCache::find(const std::string &key) const {
  try {
    MappedFile file(fileOf(key));
    std::string_view bytes(reinterpret_cast<const char *>(file.data()),
                           file.size());
    if (bytes.size() < hashBytes)
      return std::nullopt;
    std::string_view object = bytes.substr(hashBytes);
    if (hashOf(object) != bytes.substr(0, hashBytes))
      return std::nullopt;
    return std::string(object);
  } catch (const Error &) {
    return std::nullopt; // it is not there, or not for us
  }
}

void ObjectCache::store(const std::string &key, std::string_view object) const {
  std::error_code error = llvm::sys::fs::create_directories(directory.string());
  if (!error && !std::filesystem::is_directory(directory, error) && !error)
    error = std::make_error_code(std::errc::not_a_directory);
  if (error)
    fail(directory.string(), ": cannot make this folder: ", error.message());
  writeFile(fileOf(key), {hashOf(object), object});
  llvm::CachePruningPolicy policy;
  policy.MaxSizeBytes = 256 << 20;
  llvm::pruneCache(directory.string(), policy);
}

} // namespace gpt2
