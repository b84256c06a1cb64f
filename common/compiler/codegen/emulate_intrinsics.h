//===- emulate_intrinsics.h - What a GPU's thread asks, asked of us -----===//
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

/// A call of gpt2_emulator_NAME where `builder` stands, for something that is
/// the same wherever a thread asks for it.
llvm::CallInst *askEmulator(llvm::IRBuilder<> &builder, llvm::StringRef name,
                            llvm::ArrayRef<llvm::Value *> arguments,
                            llvm::Type *result);

} // namespace gpt2
