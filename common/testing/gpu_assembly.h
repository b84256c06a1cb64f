//===- gpu_assembly.h - Kernels in assembly, for tests ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <map>
#include <string>
#include <vector>

namespace gpt2::testing {

/// How often `expression` occurs.
size_t count(const std::string &text, const std::string &expression);

/// The kernels of PTX or GCN, by their names: what each is made of, line by
/// line.
std::map<std::string, std::string> kernelsIn(const std::string &assembly);

#ifdef PTXAS
/// What CUDA's assembler says of a kernel.
struct AssembledKernel {
  std::string name;
  int registers = -1;                                ///< a thread
  int stack = -1, spillStores = -1, spillLoads = -1; ///< bytes
};

/// Assembles PTX for `chip`. Throws an Error with ptxas's words if it does not
/// take it.
std::vector<AssembledKernel> assembledBy(const std::string &ptx,
                                         const std::string &chip);
#endif

} // namespace gpt2::testing
