//===- fatal_errors.h - What LLVM cannot return from --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// LLVM and MLIR are compiled without exceptions. Where memory ends or a thread
// cannot be started, they abort; and where a standard container of theirs
// throws, the exception passes functions that leave locks locked and data half
// written: what follows is a crash, or a wait for ever.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <new>
#include <string>

namespace gpt2 {

/// From here on, what LLVM cannot return from ends the process as an Error ends
/// it: one line on stderr in the name of `program`, exit code 1. For programs;
/// a library's caller may have plans of its own.
void exitOnFatalErrors(const std::string &program);

/// While LLVM works: if exitOnFatalErrors() was called, the end of memory is
/// such an error, too.
class Compiling {
public:
  Compiling();
  ~Compiling();
  Compiling(const Compiling &) = delete;
  Compiling &operator=(const Compiling &) = delete;

private:
  std::new_handler before;
};

} // namespace gpt2
