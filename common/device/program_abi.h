//===- program_abi.h - What compiled programs and the runtime agree on --===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A compiled program has entries, functions that take memrefs, and variables
// that say what the program is and wants. The compiler writes them and the
// runtime looks them up by name: each name stands here once, with the type of
// what it names.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace gpt2 {

struct EmulatedKernel;

namespace program_abi {

/// Counts what below changes: a library of another version is refused.
inline constexpr int version = 1;

/// MLIR's prefix of functions with `llvm.emit_c_interface`.
inline constexpr char entryPrefix[] = "_mlir_ciface_";

/// Entries. A program of a chapter that keeps keys and values has `prefill` and
/// `decode`, which is for one token; others have `forward`.
inline constexpr char forward[] = "forward";
inline constexpr char prefill[] = "prefill";
inline constexpr char decode[] = "decode";
/// (token: 1 x i32, logits: V x f32): the first of the largest; -1 if a logit
/// is not a number. Programs with kernels have it.
inline constexpr char argmax[] = "argmax";
/// (packed, scales if there are, sums if there are, plain): some rows of the
/// entries' argument `number`, from f32 to where entries read them.
inline std::string prepackEntry(size_t number) {
  return "prepack_" + std::to_string(number);
}

/// A variable of the program; for an array, its first element.
template <typename T> struct Variable { std::string name; };

/// What all names of variables begin with, but those of temporaries.
inline constexpr std::string_view variablePrefix = "gpt2_";

/// Bits of an element of matrices, and of keys and values: 16 for bf16. f32 if
/// there is no such variable.
inline const Variable<int32_t> matrixBits{"gpt2_weight_bits"};
inline const Variable<int32_t> cacheBits{"gpt2_cache_bits"};
/// 1 in programs with loops that threads divide.
inline const Variable<int32_t> dividesLoops{"gpt2_divides_loops"};

/// Kernels for a GPU: PTX or a code object, for the chip of that name, and
/// machine code for just that chip, if there is some.
inline const Variable<char> gpuImage{"gpt2_gpu_image"};
inline const Variable<char> gpuChip{"gpt2_gpu_chip"};
inline const Variable<char> gpuCubin{"gpt2_gpu_cubin"};
/// Kernels for the emulator; one without a function is behind the last.
inline const Variable<EmulatedKernel> emulatedKernels{"gpt2_emulated_kernels"};
inline const Variable<int32_t> subgroupSize{"gpt2_subgroup_size"};

/// The description of a library of programs, JSON: see chapter/ahead_of_time.h.
inline const Variable<char> programs{"gpt2_programs"};

/// How the entries want their argument `number`: see PackedLayout.
inline Variable<int64_t> packedLayout(size_t number) {
  return {"gpt2_packed_" + std::to_string(number)};
}

/// Bytes of temporaries that `entry` wants behind its last argument.
inline constexpr std::string_view arenaSuffix = "_arena_bytes";
inline Variable<int64_t> arenaBytes(const std::string &entry) {
  return {entry + std::string(arenaSuffix)};
}

} // namespace program_abi
} // namespace gpt2
