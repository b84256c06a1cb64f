//===- announce_accesses.h - What kernels do to memory, told before it ----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "llvm/IR/Module.h"

namespace gpt2 {

/// Puts a call of gpt2_emulator_check before all that `function`, a kernel made
/// the host's or what one calls, does to memory: loads and stores of any width,
/// masked ones, gathers and scatters, memset, memcpy and memmove, atomic
/// operations. After that, it may not be optimised any more.
///
/// Not announced are uses of the function's own variables and reads of the
/// module's constants. Throws an Error that shows the first instruction that
/// does something else to memory.
void announceAccesses(llvm::Function &function);

} // namespace gpt2
