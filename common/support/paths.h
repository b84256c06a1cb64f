//===- paths.h - Where the book's own files lie -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace gpt2::paths {

/// The folder of the book's texts, schedules and embedded model: where this was
/// built, or what useSource() named.
const std::filesystem::path &source();

/// Makes it `folder`, a copy of those files that was installed elsewhere.
/// Called at most once, before anything asks for source().
void useSource(std::filesystem::path folder);

/// The folder of the model in the repository.
std::string embeddedModel();

/// `files`, of which those that are relative lie in source().
std::vector<std::filesystem::path>
inSource(std::vector<std::filesystem::path> files);

} // namespace gpt2::paths
