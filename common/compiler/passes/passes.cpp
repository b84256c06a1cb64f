//===- passes.cpp - Names for our passes --------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/passes/passes.h"

namespace gpt2 {

#define GEN_PASS_REGISTRATION
#include "compiler/passes/Passes.h.inc"

llvm::SmallVector<std::string> sizeOptions(const Sizes &sizes) {
  llvm::SmallVector<std::string> options;
  for (const auto &[letter, size] : sizes)
    options.push_back(letter + "=" + std::to_string(size));
  return options;
}

void registerPasses() {
  static const bool once = (registerGpt2Passes(), true);
  (void)once;
}

} // namespace gpt2
