//===- ahead_of_time.h - A chapter's program in a library ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "chapter/build.h"
#include "run/kernel_checks.h"

namespace gpt2 {

/// The shared library (ELF) that gpt2-run runs: the program of `build` and, if
/// it has kernels, one for each of `chips` and for the emulator; beside each
/// for a chip, the kernels of its self-check. NVIDIA's are PTX and, where
/// CUDA's ptxas is, machine code. Progress goes to stderr. Throws an Error if a
/// program cannot be compiled.
///
/// Its host code is for any x86-64 CPU with AVX2 (x86-64-v3), or for the basic
/// CPU of another architecture. A variable `gpt2_programs` holds a JSON text:
///   {"abi": see device/program_abi.h, "chapter", "model": {"layers", ...},
///   "cpu",
///    "programs": [{"suffix", "device": "cpu" | "emulator" | "gpu", "chip"}]}
/// A program's symbols end in its suffix, its self-check's in that and
/// "_check".
std::string compileAheadOfTime(const Build &build,
                               const std::vector<GpuTarget> &chips);

/// Kernels alone as the model has them, to be checked: its matrices' format,
/// and for a single token the kernels for one.
struct CheckedKernels {
  CompileRequest request;
  bool roundsFactors = false; ///< see KernelChecks
};
CheckedKernels checkedKernels(const Build &build, const KernelSizes &sizes);

/// The same library with kernels alone, of several sizes, which gpt2-run then
/// checks: in the place of "model", each program has
///   "kernels": [{"T", "H", "D", "K", "N", "V", "suffix", "rounds_factors"}]
/// The symbols of one end in the program's suffix and its own.
std::string compileKernelsAheadOfTime(const Build &build,
                                      const std::vector<GpuTarget> &chips);

} // namespace gpt2
