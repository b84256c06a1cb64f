//===- codegen.h - From the LLVM dialect to machine code ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "mlir/IR/BuiltinOps.h"

#include <memory>
#include <optional>
#include <string>

namespace llvm {
class LLVMContext;
class Module;
class TargetMachine;
} // namespace llvm

namespace gpt2 {

/// The CPU we run on, as LLVM names it and its features: part of a cached
/// object's key, and what --verbose prints.
struct HostCpu {
  std::string triple, name, features;
};
const HostCpu &hostCpu();

/// Code generation for the host at -O3, for its CPU or, if `cpu` names one, for
/// that. Throws an Error if LLVM has no target for it.
std::unique_ptr<llvm::TargetMachine>
createHostTargetMachine(const std::optional<std::string> &cpu = {});

/// Translates a module of the LLVM dialect to LLVM IR and optimises it for
/// `target` at `level`, 0 to 3.
std::unique_ptr<llvm::Module> translateAndOptimize(mlir::ModuleOp module,
                                                   llvm::LLVMContext &context,
                                                   llvm::TargetMachine &target,
                                                   unsigned level);

/// Rounding to bf16 by operations on integers, if `target` has no instruction
/// for it: it would call a function that is not in every compiler's library.
void expandRounding(llvm::Module &module, const llvm::TargetMachine &target);

enum class Code { LlvmIr, Assembly, Object };

/// `module` as text, as the target's assembly or as its object file.
std::string generateCode(llvm::Module &module, llvm::TargetMachine &target,
                         Code kind);

/// `module` as an archive of object files, whose code is generated on several
/// threads. What was local to `module` is not any more. `cpu` as for
/// createHostTargetMachine().
std::string generateArchive(llvm::Module &module,
                            const std::optional<std::string> &cpu = {});

} // namespace gpt2
