//===- files.h - Small files, read and written whole ----------------------===//
#pragma once

#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

namespace gpt2 {

/// The bytes of `file`. Throws an Error that names it if it cannot be read.
std::string readFile(const std::filesystem::path &file);

/// Writes `parts`, one after another, to `file`, replacing it only once all is
/// on disk. Throws an Error, and leaves nothing behind, if that fails.
void writeFile(const std::filesystem::path &file,
               std::initializer_list<std::string_view> parts);

/// Writes `data` (rows, columns) as NumPy's .npy, version 1.0, type f4 or f8.
void writeNpy(const std::filesystem::path &file, std::span<const float> data,
              int64_t rows, int64_t columns);
void writeNpy(const std::filesystem::path &file, std::span<const double> data,
              int64_t rows, int64_t columns);

/// Reads ids, one a line; blank lines are passed over. Throws an Error with the
/// line's number if one is not a whole number.
std::vector<int32_t> readTokenIds(const std::filesystem::path &file);

} // namespace gpt2
