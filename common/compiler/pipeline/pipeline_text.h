//===- pipeline_text.h - Stages as text, and back -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A line "== NAME" for each stage, and below it its passes as mlir-opt's
// --pass-pipeline knows them, one a line, within builtin.module( ).
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/pipeline/stages.h"

namespace gpt2 {

/// The stages as text.
std::string textOf(std::span<const Stage> stages);

/// Reads what `textOf` writes. Throws an Error that names `origin` and the
/// stage if a pass is unknown or an option is wrong. A stage may have any name.
Pipeline stagesOf(const std::string &text, const std::string &origin);

/// The names of the passes that `stage` adds, in order, of nested ones too.
std::vector<std::string> passNamesOf(const Stage &stage);

} // namespace gpt2
