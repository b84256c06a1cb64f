//===- gpt2_opt.cpp - mlir-opt with our passes --------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//   gpt2-opt --inline --specialize-shapes=sizes=L=12,C=768,H=12,V=50257,P=1024
//
//===----------------------------------------------------------------------===//
#include "compiler/dialect/dialect.h"
#include "compiler/passes/passes.h"

#include "mlir/InitAllPasses.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

int main(int argc, char **argv) {
  mlir::registerAllPasses();
  gpt2::registerPasses();
  mlir::DialectRegistry registry;
  gpt2::dialectRegistry().appendTo(registry);
  return mlir::asMainReturnCode(mlir::MlirOptMain(
      argc, argv, "gpt2-opt: mlir-opt with the passes of this book\n",
      registry));
}
