//===- word_splitter.h - GPT-2's pre-tokenizer --------------------------===//
#pragma once

#include <cstddef>
#include <string_view>

namespace gpt2 {

/// The bytes of the first word of `text`, which is not empty: the part within
/// which byte-pair encoding may merge. Adjacent bytes that are not UTF-8 are a
/// word.
size_t firstWord(std::string_view text);

} // namespace gpt2
