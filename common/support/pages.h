//===- pages.h - What the kernel is told about memory -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstddef>

namespace gpt2 {

/// Says that all of this memory is used: it gets pages of 2 MB where Linux has
/// them. With pages of 4 KB, whoever streams a matrix waits for translations
/// of addresses, too. Advice: it changes no result, and may be ignored.
void useLargePages(void *data, size_t bytes);

/// Gives back the memory of the pages in this range; those on its borders
/// stay. What is read there later is zero.
void dropPages(void *data, size_t bytes);

} // namespace gpt2
