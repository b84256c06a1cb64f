//===- protect_arguments.h - Arguments that are not to be written -------===//
#pragma once

#include "mlir/Pass/Pass.h"

#include <memory>

namespace gpt2 {

/// `protect-arguments`: see protect_arguments.cpp.
std::unique_ptr<mlir::Pass> createProtectArguments();

} // namespace gpt2
