//===- dynamic_library.cpp - A library opened while the program runs ----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "device/dynamic_library.h"
#include "support/error.h"

#include <dlfcn.h>

namespace gpt2 {

DynamicLibrary::DynamicLibrary(const std::string &what,
                               std::initializer_list<const char *> names)
    : what(what) {
  std::string missing, problem;
  for (const char *name : names) {
    handle = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (handle)
      return;
    std::string reason = dlerror();
    // Of another name, it would be a library that this one needs.
    bool isMissing = reason.starts_with(std::string(name) + ": cannot open") &&
                     reason.ends_with("No such file or directory");
    (isMissing ? missing : problem) = reason;
  }
  if (!problem.empty())
    fail("no ", what, ": ", problem);
  throw NotHere("no " + what + ": " + missing);
}

DynamicLibrary DynamicLibrary::holding(const void *address,
                                       const std::string &what) {
  Dl_info info;
  if (!dladdr(address, &info))
    fail("no ", what, ": what holds it cannot be told");
  return DynamicLibrary(what, {info.dli_fname});
}

void *DynamicLibrary::address(const char *name) const {
  void *found = findIfAny(name);
  if (!found)
    fail("the ", what,
         " is too old, or another library of that name: it has "
         "no ",
         name);
  return found;
}

void *DynamicLibrary::findIfAny(const std::string &name) const {
  return dlsym(handle, name.c_str());
}

} // namespace gpt2
