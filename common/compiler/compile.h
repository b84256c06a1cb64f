//===- compile.h - From sources and stages to machine code --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "compiler/pipeline/request.h"
#include "device/executable.h"

#include <string>
#include <vector>

namespace gpt2 {

struct CompiledObject {
  std::string bytes; ///< see compileToObject()
  bool fromCache = false;
};

/// The host's code for `request`: an archive for LoadedArchive; with a suffix,
/// an object file for a linker. Throws an Error that carries MLIR's diagnostics
/// if a source or a pass fails. If it cannot be kept in the cache, that is said
/// once, on stderr.
CompiledObject compileToObject(const CompileRequest &request);

/// The same, loaded. An object of the cache that cannot be loaded is thrown
/// away, and compiled anew. Throws as compileToObject() and load() do.
struct CompiledProgram {
  Executable program;
  bool fromCache = false;
  size_t bytes = 0; ///< of the object
};
CompiledProgram compileAndLoad(const CompileRequest &request);

/// The names that `emit` knows, in the order in which they come about:
/// "source", the stages', "llvm-ir", "asm"; and "pipeline".
std::vector<std::string> emitNames(const CompileRequest &request);

/// The program as text at the state `name`. Throws an Error, which lists the
/// names, if there is none such.
std::string emit(const CompileRequest &request, const std::string &name);

} // namespace gpt2
