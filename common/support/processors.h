//===- processors.h - How much of a machine is ours ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <filesystem>
#include <optional>

namespace gpt2 {

/// How many threads can run at once here, at least 1: on the processors that
/// this process may use, and no more than its control group is given time for.
int availableProcessors();

/// The time that the control group of a process and those around it are given,
/// in processors, of which a part counts as one; none if there is no limit.
/// `group` is the process's file in /proc, `root` where control groups,
/// version 2, are mounted.
std::optional<int> processorsOfControlGroup(const std::filesystem::path &group,
                                            const std::filesystem::path &root);

} // namespace gpt2
