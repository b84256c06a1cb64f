//===- kfd_topology.h - Which chip an AMD GPU is ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <filesystem>
#include <string>

namespace gpt2 {

/// The name for compilers ("gfx942") of the GPU at `bus`, "0000:03:00.0" as HIP
/// tells it, by what Linux' kfd driver writes into the folder `topology`:
/// "N/properties" for each node, which is a CPU or a GPU. Its order of GPUs is
/// none of HIP's, and it has those that HIP was told to hide. Throws an Error
/// if it knows no such GPU.
std::string chipAt(const std::string &bus,
                   const std::filesystem::path &topology);

} // namespace gpt2
