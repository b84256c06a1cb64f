//===- emulate_intrinsics.h - What a GPU's thread asks, asked of us -----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// NVVM's and AMDGPU's intrinsics as calls of device/emulator/intrinsics.h: who
// am I, barriers, exchanges between lanes.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "llvm/IR/IRBuilder.h"

namespace gpt2 {

/// Replaces the target's intrinsics. Throws an Error that names the first for
/// which the emulator has no function.
void emulateIntrinsics(llvm::Module &module);

/// The functions of device/emulator/intrinsics.def, by their names.
enum class EmulatorFunction {
#define EMULATOR_INTRINSIC(KIND, RESULT, NAME, PARAMETERS) NAME,
#include "device/emulator/intrinsics.def"
};

/// A call of one where `builder` stands.
llvm::CallInst *callEmulator(llvm::IRBuilder<> &builder,
                             EmulatorFunction function,
                             llvm::ArrayRef<llvm::Value *> arguments = {});

/// Whether it is one.
bool isEmulatorFunction(const llvm::Function &function);

} // namespace gpt2
