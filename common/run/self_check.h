//===- self_check.h - Whether a device computes -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "device/executable.h"

#include <map>

namespace gpt2 {

/// The sizes for which kernels alone are compiled to be
/// checked, by the letters of their shapes.
const std::map<std::string, int64_t> &selfCheckSizes();

/// Runs `test_linear`, a product with tiles in shared memory, and
/// `test_layernorm`, reductions over subgroups, of a program compiled for
/// selfCheckSizes(), and compares with the reference. Throws an Error that
/// names the device, the kernel and the first number that is wrong.
void selfCheck(Executable &kernels);

} // namespace gpt2
