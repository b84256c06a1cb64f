//===- dynamic_library.h - A library opened while the program runs ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "support/error.h"

#include <initializer_list>
#include <string>

namespace gpt2 {

/// Nothing is wrong: what was looked for just is not on this machine.
struct NotHere : Error {
  using Error::Error;
};

/// Stays open until the process ends: drivers do not like to be closed.
class DynamicLibrary {
public:
  /// Opens the first of `names` that is there. Throws NotHere if none is, or
  /// an Error that says why one could not be opened; they start with `what`.
  DynamicLibrary(const std::string &what,
                 std::initializer_list<const char *> names);

  /// The one, already open, that holds the code or data at `address`.
  static DynamicLibrary holding(const void *address, const std::string &what);

  /// Points `function` to what the library calls `name`. Throws an Error if it
  /// has no such function.
  template <typename Function>
  void find(Function *&function, const char *name) const {
    function = reinterpret_cast<Function *>(address(name));
  }

  /// The address of `name`. Throws an Error if there is none.
  void *address(const char *name) const;

  /// The same; null if there is none.
  void *findIfAny(const std::string &name) const;

  /// As dlopen() gave it.
  void *native() const { return handle; }

private:
  std::string what;
  void *handle = nullptr;
};

} // namespace gpt2
