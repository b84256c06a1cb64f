//===- element_type.cpp - Number formats of checkpoints -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "model/element_type.h"

#include <bit>
#include <cmath>
#include <cstring>

static_assert(std::endian::native == std::endian::little,
              "checkpoints are little-endian and are read as they lie");

namespace gpt2 {

size_t sizeOf(ElementType type) {
  switch (type) {
  case ElementType::F64:
    return 8;
  case ElementType::F32:
    return 4;
  case ElementType::F16:
  case ElementType::BF16:
    return 2;
  case ElementType::I8:
    return 1;
  }
  return 0;
}

std::string_view nameOf(ElementType type) {
  switch (type) {
  case ElementType::F64:
    return "F64";
  case ElementType::F32:
    return "F32";
  case ElementType::F16:
    return "F16";
  case ElementType::BF16:
    return "BF16";
  case ElementType::I8:
    return "I8";
  }
  return "";
}

std::optional<ElementType> elementTypeFromName(std::string_view name) {
  for (ElementType type : {ElementType::F64, ElementType::F32, ElementType::F16,
                           ElementType::BF16})
    if (name == nameOf(type))
      return type;
  return std::nullopt;
}

float halfToFloat(uint16_t bits) {
  uint32_t sign = uint32_t{bits & 0x8000u} << 16;
  uint32_t exponent = (bits >> 10) & 0x1f, mantissa = bits & 0x3ff;
  if (exponent == 0) { // zero and subnormals: mantissa * 2^-24
    float magnitude = std::ldexp(static_cast<float>(mantissa), -24);
    return sign ? -magnitude : magnitude;
  }
  uint32_t wide = exponent == 31 ? 255 : exponent + 112;
  return std::bit_cast<float>(sign | wide << 23 | mantissa << 13);
}

float bfloatToFloat(uint16_t bits) {
  return std::bit_cast<float>(uint32_t{bits} << 16);
}

uint16_t floatToBfloat(float value) {
  auto bits = std::bit_cast<uint32_t>(value);
  if (std::isnan(value))
    return static_cast<uint16_t>(bits >> 16 | 0x40);
  return static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

void widen(ElementType type, const std::byte *in, std::span<float> out) {
  if (type == ElementType::F32) {
    std::memcpy(out.data(), in, out.size_bytes());
    return;
  }
  if (type == ElementType::F64) {
    for (size_t i = 0; i < out.size(); ++i) {
      double value;
      std::memcpy(&value, in + sizeof value * i, sizeof value);
      out[i] = static_cast<float>(value);
    }
    return;
  }
  for (size_t i = 0; i < out.size(); ++i) {
    uint16_t bits;
    std::memcpy(&bits, in + 2 * i, sizeof bits);
    out[i] = type == ElementType::F16 ? halfToFloat(bits) : bfloatToFloat(bits);
  }
}

} // namespace gpt2
