//===- registry.cpp - All dialects that texts and passes may use --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/dialect/dialect.h"

#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/Target/LLVMIR/Dialect/All.h"

using namespace mlir;

const DialectRegistry &gpt2::dialectRegistry() {
  static const DialectRegistry registry = [] {
    DialectRegistry all;
    registerAllDialects(all);
    registerAllExtensions(all);
    registerAllToLLVMIRTranslations(all);
    all.insert<Gpt2Dialect>();
    return all;
  }();
  return registry;
}
