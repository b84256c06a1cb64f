//===- specialization.h - What a program is compiled for ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "compiler/codegen/gpu_target.h"
#include "compiler/dialect/attributes.h"
#include "model/config.h"
#include "model/element_type.h"

#include <optional>
#include <string>

namespace gpt2 {

/// What a program's kernels become.
enum class KernelsFor {
  Emulator, ///< the host's code, see device/emulator/emulator.h
  Gpu       ///< what the driver of Target::gpu loads
};

/// The machine.
struct Target {
  /// The host's code for any CPU of this kind, an LLVM name; none: this CPU.
  std::optional<std::string> cpu = {};
  GpuTarget gpu = {}; ///< that kernels are compiled for, if there are any
  KernelsFor kernelsFor = KernelsFor::Emulator;
};

/// The elements in memory.
struct Formats {
  ElementType weights = ElementType::F32; ///< of matrices: F32, BF16 or I8
  ElementType cache = ElementType::F32;   ///< of keys and values: F32, BF16

  bool operator==(const Formats &) const = default;
};

/// The model, the machine and the formats of one program.
struct Specialization {
  Config model; ///< whose traits, all but the sizes, passes may use
  Sizes sizes;  ///< those that are known; others stay open
  Target target;
  Formats formats;
  /// Tokens of a step, if the program is for steps of this size; such a program
  /// computes others, too.
  std::optional<int64_t> stepTokens = {};
};

} // namespace gpt2
