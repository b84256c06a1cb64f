//===- foreign.h - What people have in the place of a model's file ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace gpt2 {

/// What a file is that begins with `bytes`, and what to do with it, if it is
/// something that is often found where weights should be: "a Git-LFS pointer,
/// ...". Empty if it is nothing such.
std::string describeForeign(std::string_view bytes);

/// The same of a folder without weights that we read: names the file.
std::string describeForeign(const std::filesystem::path &directory);

} // namespace gpt2
