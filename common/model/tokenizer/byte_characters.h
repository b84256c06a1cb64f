//===- byte_characters.h - Bytes as printable characters ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Files of vocabularies write each byte as a printable character: itself where
// it is one in Latin-1, else the next code point from 256 on (GPT-2's
// encoder.py, bytes_to_unicode).
//
//===----------------------------------------------------------------------===//
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace gpt2 {

/// The bytes that `symbol` writes, or nothing if it has another character.
std::optional<std::string> bytesOf(std::string_view symbol);

} // namespace gpt2
