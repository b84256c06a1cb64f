//===- output.h - What a program prints ---------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <string_view>

namespace gpt2 {

/// Writes `text` to stdout, at once. Throws an Error if it does not get
/// through: nobody reads any more, or the disk is full.
void print(std::string_view text);

/// Keeps the numbers of stdin, stdout and stderr, if they are closed, from
/// files that are opened later, which would get what is meant for them.
void occupyStandardStreams();

} // namespace gpt2
