//===- files.h - Small files, read and written whole ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gpt2 {

/// The bytes of `file`, which may be a pipe. Throws an Error that names it if
/// it cannot be read, or is a folder.
std::string readFile(const std::filesystem::path &file);

/// The same of a file that the user named: "-" is what comes from stdin.
std::string readInput(const std::filesystem::path &file);

/// What messages call it.
std::string nameOfInput(const std::filesystem::path &file);

/// The lines of a text, without what ends them on any system, and without the
/// mark (U+FEFF) that some editors put before the first.
std::vector<std::string_view> linesOf(std::string_view text);

/// Writes `parts`, one after another, to `file`. A regular file, also behind
/// links, is replaced only once all is on disk, and keeps its owner and its
/// rights; nothing is left behind if that fails. Whatever else is there, a
/// device or a pipe, is written to, and "-" is stdout. Throws an Error if that
/// fails.
void writeFile(const std::filesystem::path &file,
               std::initializer_list<std::string_view> parts);

/// Writes `data` (rows, columns) as NumPy's .npy, version 1.0, type f4 or f8.
void writeNpy(const std::filesystem::path &file, std::span<const float> data,
              int64_t rows, int64_t columns);
void writeNpy(const std::filesystem::path &file, std::span<const double> data,
              int64_t rows, int64_t columns);

/// Reads ids as readInput() does, one a line; blank lines are passed over.
/// Throws an Error with the line's number if one is not a whole number.
std::vector<int32_t> readTokenIds(const std::filesystem::path &file);

} // namespace gpt2
