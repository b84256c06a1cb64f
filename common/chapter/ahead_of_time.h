//===- ahead_of_time.h - A chapter's program in a library ---------------===//
#pragma once

#include "chapter/chapter.h"

namespace gpt2 {

/// The shared library (ELF) that gpt2-run runs: the chapter's program for
/// models of these sizes and, if it has kernels, one for each of `chips` and
/// for the emulator; beside each for a chip, the kernels of its self-check.
/// NVIDIA's are PTX and, where CUDA's ptxas is, machine code. Progress goes to
/// stderr. Throws an Error if a program cannot be compiled.
///
/// Its host code is for any x86-64 CPU with AVX2 (x86-64-v3), or for the basic
/// CPU of another architecture. A variable `gpt2_programs` holds a JSON text:
///   {"chapter", "model": {"layers", ...}, "cpu",
///    "programs": [{"suffix", "device": "cpu" | "emulator" | "gpu", "chip"}]}
/// A program's symbols end in its suffix, its self-check's in that and
/// "_check".
std::string compileAheadOfTime(const Chapter &chapter, const Config &config,
                               const std::vector<GpuTarget> &chips);

} // namespace gpt2
