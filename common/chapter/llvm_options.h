//===- llvm_options.h - A table of options, beside LLVM's own -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// MLIR's libraries register options (--mlir-timing, ...) with LLVM's parser. A
// table's options are registered there too while a command line is parsed.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "support/options.h"

namespace gpt2 {

/// Parses a command line with LLVM's parser, which prints --help and complains
/// of unknown options itself, and then exits. Whether an option of MLIR's that
/// shows passes at work was given. Throws an Error as OptionTable does.
bool parseWithLlvm(OptionTable &table, int argc, char **argv);

} // namespace gpt2
