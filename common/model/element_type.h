//===- element_type.h - Number formats of checkpoints -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace gpt2 {

/// I8 is one that matrices are kept in, with scales; no checkpoint has it. F64
/// is one that only checkpoints have.
enum class ElementType { F32, F16, BF16, I8, F64 };

/// Bytes of one element.
size_t sizeOf(ElementType type);

/// "F32", "F16", "BF16", "I8", "F64": the names of the safetensors format.
std::string_view nameOf(ElementType type);
/// That of a checkpoint's tensor: not I8.
std::optional<ElementType> elementTypeFromName(std::string_view name);

/// IEEE binary16 and bfloat16 bits to f32, exactly (subnormals, infinities and
/// NaNs included).
float halfToFloat(uint16_t bits);
float bfloatToFloat(uint16_t bits);

/// f32 to bfloat16 bits, to nearest, ties to even.
uint16_t floatToBfloat(float value);

/// Takes `out.size()` little-endian elements of a checkpoint at `in` (which may
/// be unaligned) to f32; F64 is rounded.
void widen(ElementType type, const std::byte *in, std::span<float> out);

} // namespace gpt2
