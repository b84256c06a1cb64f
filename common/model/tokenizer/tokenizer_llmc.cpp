//===- tokenizer_llmc.cpp - llm.c's gpt2_tokenizer.bin ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "model/tokenizer/tokenizer.h"
#include "support/error.h"
#include "support/mapped_file.h"

#include <array>
#include <cstring>

namespace gpt2 {

Tokenizer Tokenizer::fromLlmc(const std::filesystem::path &path,
                              const Config &config) {
  constexpr uint32_t magic = 20240328;
  std::string source = path.string();
  if (!std::filesystem::exists(path))
    fail(source, ": no tokenizer here; llm.c's train_gpt2.py writes it beside "
                 "the weights");
  MappedFile file(path);
  std::span<const std::byte> rest = file.bytes();
  std::array<uint32_t, 256> header;
  if (rest.size() < sizeof header)
    fail(source, ": too short for llm.c's tokenizer header");
  std::memcpy(header.data(), rest.data(), sizeof header);
  rest = rest.subspan(sizeof header);
  if (header[0] != magic || (header[1] != 1 && header[1] != 2))
    fail(source, ": begins with ", header[0], " version ", header[1],
         "; expected ", magic, " version 1 or 2");
  if (header[2] > config.vocab)
    fail(source, ": has ", header[2], " tokens, the model's vocabulary ",
         config.vocab, "; they belong to different models");
  // Version 1 does not name the end of text; GPT-2's vocabulary ends with it.
  uint32_t endOfText = header[1] == 2 ? header[3] : header[2] - 1;
  if (endOfText >= header[2])
    fail(source, ": the end-of-text id ", endOfText, " is outside its ",
         header[2], " tokens");

  Tokenizer tokenizer;
  tokenizer.modelVocab = config.vocab;
  for (uint32_t id = 0; id < header[2]; ++id) {
    size_t length = rest.empty() ? 0 : static_cast<size_t>(rest[0]);
    if (rest.size() < 1 + length)
      fail(source, ": ends inside token ", id, " of ", header[2]);
    tokenizer.tokens.emplace_back(
        reinterpret_cast<const char *>(rest.data()) + 1, length);
    rest = rest.subspan(1 + length);
    if (length == 1 && id != endOfText)
      tokenizer.pairs.setByte(
          static_cast<unsigned char>(tokenizer.tokens.back()[0]),
          static_cast<int32_t>(id));
  }
  tokenizer.requireAllBytes(source);
  auto end = static_cast<int32_t>(endOfText);
  tokenizer.added.add({.content = "<|endoftext|>", .special = true, .id = end});
  tokenizer.beginId = tokenizer.endId = end;
  // Training appended each merge's result to the vocabulary. So the merges
  // known before token `id` cut its bytes into exactly the two it was made of.
  for (int32_t id = 0; id < tokenizer.size(); ++id) {
    if (tokenizer.tokens[id].size() < 2 || id == end)
      continue;
    std::vector<int32_t> parts;
    tokenizer.pairs.encode(tokenizer.tokens[id], parts);
    if (parts.size() != 2)
      fail(source, ": token ", id, " is not a merge of two earlier tokens");
    tokenizer.pairs.addMerge(parts[0], parts[1], id);
  }
  return tokenizer;
}

} // namespace gpt2
