//===- word_splitter.h - GPT-2's pre-tokenizer --------------------------===//
#pragma once

#include <functional>
#include <memory>
#include <string_view>

namespace gpt2 {

/// Cuts text into the words within which byte-pair encoding may merge.
class WordSplitter {
public:
  WordSplitter();
  ~WordSplitter();

  /// Calls `onWord` with consecutive parts of `text` that together are all of
  /// it. Bytes that are not UTF-8 come as parts of their own.
  void forEachWord(std::string_view text,
                   const std::function<void(std::string_view)> &onWord) const;

private:
  struct Pattern; ///< the compiled expression
  std::unique_ptr<Pattern> pattern;
};

} // namespace gpt2
