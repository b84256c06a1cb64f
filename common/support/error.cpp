//===- error.cpp - How a program ends that could not go on --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "support/error.h"
#include "support/output.h"

#include <iostream>
#include <new>

namespace gpt2 {

int exitCodeOf(const std::string &program, const std::function<int()> &run) {
  occupyStandardStreams();
  try {
    return run();
  } catch (const std::bad_alloc &) {
    std::cerr << program << ": error: out of memory\n";
  } catch (const std::exception &error) {
    std::cerr << program << ": error: " << error.what() << "\n";
  }
  return 1;
}

} // namespace gpt2
