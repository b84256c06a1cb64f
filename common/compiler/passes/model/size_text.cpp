//===- size_text.cpp - Sizes, as options and attributes say them --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/passes/model/size_text.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace gpt2 {

FailureOr<Sizes> parseSizes(MLIRContext *context, ArrayRef<std::string> texts,
                            StringRef pass) {
  Sizes sizes;
  for (const std::string &text : texts) {
    auto [letter, digits] = StringRef(text).split('=');
    int64_t size;
    if (letter.empty() || digits.getAsInteger(10, size) || size < 0)
      return emitError(UnknownLoc::get(context))
             << pass << ": \"" << text
             << "\" is not a size; expected a letter and a number, as C=768";
    sizes[letter.str()] = size;
  }
  return sizes;
}

std::optional<NamedSize> NamedSize::parse(StringRef text) {
  NamedSize size;
  if (!text.empty() && llvm::isDigit(text.front()) &&
      text.consumeInteger(10, size.factor))
    return std::nullopt;
  size.letter = text;
  return size;
}

std::optional<int64_t> NamedSize::valueFor(const Sizes &known) const {
  if (letter.empty())
    return factor;
  auto found = known.find(letter.str());
  int64_t value = 0;
  if (found == known.end() || llvm::MulOverflow(factor, found->second, value))
    return std::nullopt;
  return value;
}

} // namespace gpt2
