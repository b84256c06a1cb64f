//===- check_kernels.h - Kernels of a library, checked ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "device/executable.h"

#include <nlohmann/json_fwd.hpp>

#include <filesystem>

namespace gpt2 {

/// Runs the kernels of the program with this suffix, of a library that
/// `about` describes (see compileKernelsAheadOfTime()), and prints how far each
/// is from the reference; also as JSON, if there is a `report`:
///   {"chapter", "device", "kernels": [{"kernel", "sizes", "difference",
///    "tolerance", "within"}]}
/// Returns 1 if one is further than its tolerance, else 0.
int checkKernels(const nlohmann::json &about, const std::string &suffix,
                 const std::function<Executable(const std::string &)> &load,
                 const std::optional<std::filesystem::path> &report);

} // namespace gpt2
