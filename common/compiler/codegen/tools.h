//===- tools.h - Programs that a compilation calls ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <optional>
#include <span>
#include <string>

namespace gpt2 {

/// The shared library (ELF) that `ld.lld -shared` makes of object files: for an
/// AMD GPU, what it calls a code object; for the host, an AOT program. Throws
/// an Error with the linker's words if it fails.
std::string linkShared(std::span<const std::string> objects);

/// The machine code (a cubin) that CUDA's `ptxas` makes of PTX for `chip`;
/// nothing if there is no ptxas: in the PATH, in $CUDA_PATH/bin or in
/// /usr/local/cuda/bin. Throws an Error with its words if it fails.
std::optional<std::string> assembleCubin(const std::string &ptx,
                                         const std::string &chip);

} // namespace gpt2
