//===- fatal_errors.cpp - What LLVM cannot return from ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/support/fatal_errors.h"

#include "llvm/Support/ErrorHandling.h"

#include <array>
#include <cstring>

#include <unistd.h>

namespace gpt2 {
namespace {

/// Without memory of its own: there may be none. Empty: nobody wants to exit.
std::array<char, 64> name = {};

/// As the process is, no destructor may run.
[[noreturn]] void exitWith(const char *reason) {
  for (const char *part :
       {static_cast<const char *>(name.data()), ": error: ", reason, "\n"})
    (void)!write(STDERR_FILENO, part, std::strlen(part));
  _exit(1);
}

void onFatalError(void *, const char *reason, bool) { exitWith(reason); }

void onBadAlloc(void *, const char *, bool) { exitWith("out of memory"); }

void onNoMemory() { exitWith("out of memory while compiling"); }

} // namespace

void exitOnFatalErrors(const std::string &program) {
  std::strncpy(name.data(), program.c_str(), name.size() - 1);
  llvm::remove_fatal_error_handler();
  llvm::install_fatal_error_handler(onFatalError);
  llvm::remove_bad_alloc_error_handler();
  llvm::install_bad_alloc_error_handler(onBadAlloc);
}

Compiling::Compiling() : before(std::get_new_handler()) {
  if (name[0])
    std::set_new_handler(onNoMemory);
}

Compiling::~Compiling() { std::set_new_handler(before); }

} // namespace gpt2
