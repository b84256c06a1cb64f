//===- intrinsics.h - What emulated kernels call ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstdint>

namespace gpt2 {

/// What a thread does with a place of memory. Atomic accesses of several
/// threads to one place are no race; one that only reads is taken for one that
/// writes, too.
enum class Access : uint32_t { Read, Write, Atomic };

} // namespace gpt2

extern "C" {
#define EMULATOR_INTRINSIC(KIND, RESULT, NAME, PARAMETERS)                     \
  RESULT gpt2_emulator_##NAME PARAMETERS;
#include "device/emulator/intrinsics.def"
}
