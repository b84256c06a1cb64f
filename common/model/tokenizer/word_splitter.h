//===- word_splitter.h - GPT-2's pre-tokenizer --------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <functional>
#include <string_view>

namespace gpt2 {

/// Calls `onWord` with the words of `text`, any bytes, in order: the parts
/// within which byte-pair encoding may merge. Adjacent bytes that are not UTF-8
/// are a word.
void forEachWord(std::string_view text,
                 const std::function<void(std::string_view)> &onWord);

} // namespace gpt2
