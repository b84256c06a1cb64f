//===- tokenizer.cpp - From text to ids, and back -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "model/tokenizer/tokenizer.h"
#include "model/tokenizer/byte_characters.h"
#include "model/tokenizer/tokenizer_description.h"
#include "model/tokenizer/word_splitter.h"
#include "support/error.h"

namespace gpt2 {

void Tokenizer::requireAllBytes(const std::string &source) const {
  if (int byte = pairs.missingByte(); byte >= 0)
    fail(source, ": no token is the single byte ", byte,
         "; a byte-level vocabulary has all 256, and needs no unknown token");
}

std::vector<bool>
Tokenizer::takeVocabulary(const TokenizerDescription &description) {
  const std::string &source = description.source;
  auto count = static_cast<int64_t>(description.vocab.size());
  if (count > modelVocab)
    fail(source, ": has ", count, " tokens, the model's vocabulary ",
         modelVocab, "; they belong to different models");
  tokens.resize(description.vocab.size());
  std::vector<bool> made; // by merges, or a byte
  for (const auto &[symbol, id] : description.vocab) {
    if (id >= modelVocab)
      fail(source, ": token \"", symbol, "\" has id ", id, "; expected 0 to ",
           modelVocab - 1);
    if (id >= size())
      tokens.resize(static_cast<size_t>(id) + 1);
    if (isKnown(id))
      fail(source, ": two tokens have id ", id);
    // Symbols with other characters are what they write.
    std::optional<std::string> bytes = bytesOf(symbol);
    tokens[id] = bytes.value_or(symbol);
    made.resize(tokens.size());
    if (bytes && tokens[id].size() == 1) {
      pairs.setByte(static_cast<unsigned char>(tokens[id][0]), id);
      made[id] = true;
    }
  }
  requireAllBytes(source);
  for (const auto &[left, right, place] : description.merges) {
    auto lookUp = [&, place = place](const std::string &symbol) {
      auto found = description.vocab.find(symbol);
      if (found == description.vocab.end())
        fail(description.mergesSource, place, ": the symbol \"", symbol,
             "\" is not in ", source);
      return found->second;
    };
    int32_t leftId = lookUp(left), rightId = lookUp(right);
    int32_t result = lookUp(left + right);
    pairs.addMerge(leftId, rightId, result);
    made[result] = true;
  }
  if (description.ignoreMerges)
    for (const auto &[symbol, id] : description.vocab)
      if (bytesOf(symbol))
        wholeWords.emplace(tokens[id], id);
  return made;
}

Tokenizer::Tokenizer(const TokenizerDescription &description)
    : modelVocab(description.limit), before(description.before),
      after(description.after), addPrefixSpace(description.addPrefixSpace),
      splitSpecialTokens(description.splitSpecialTokens),
      wholeParts(description.wholeParts) {
  const std::string &source = description.source;
  std::vector<bool> made = takeVocabulary(description);
  // A token that the vocabulary lacks gets the next id, as in `tokenizers`.
  std::unordered_map<std::string, int32_t> ids;
  auto next = static_cast<int32_t>(description.vocab.size());
  int64_t count = next;
  for (AddedToken token : description.added) {
    auto inVocab = description.vocab.find(token.content);
    bool isNew = inVocab == description.vocab.end();
    auto [place, first] =
        ids.try_emplace(token.content, isNew ? next : inVocab->second);
    int32_t id = place->second;
    if (first && token.id >= 0 && token.id != id)
      fail(source, ": the added token \"", token.content, "\" is to have id ",
           token.id, ", but ", isNew ? "the next one free is " : "has ", id,
           "; save the tokenizer anew, with the tokens that are missing");
    if (first && isNew)
      ++count;
    next = std::max(next, id + 1);
    token.id = id;
    added.add(token);
  }
  if (count > modelVocab || next > modelVocab)
    fail(source, ": has ", std::max<int64_t>(count, next),
         " tokens with those that were added, the model's vocabulary ",
         modelVocab, "; they belong to different models");
  for (const AddedToken &token : added.all()) {
    if (token.id >= size())
      tokens.resize(static_cast<size_t>(token.id) + 1);
    made.resize(tokens.size());
    if (!made[token.id]) {
      bool isNew = !description.vocab.contains(token.content);
      if (isNew && isKnown(token.id))
        fail(source, ": two tokens have id ", token.id);
      tokens[token.id] = token.content;
    }
  }
  auto idOf = [&](const std::optional<std::string> &content) {
    auto found = content ? ids.find(*content) : ids.end();
    return found == ids.end() ? std::nullopt : std::optional(found->second);
  };
  beginId = idOf(description.beginOfText);
  endId = idOf(description.endOfText);
  if (description.addBeginOfText && beginId)
    before = {*beginId};
  if (description.addEndOfText && endId)
    after = {*endId};
  for (const auto *side : {&before, &after})
    for (int32_t id : *side)
      if (!isKnown(id))
        fail(source, ": the post-processor adds the id ", id,
             ", which no token has");
}

void Tokenizer::encodePart(std::string_view text,
                           std::vector<int32_t> &ids) const {
  auto encodeWord = [&](std::string_view word) {
    auto whole = wholeWords.empty() ? wholeWords.end() : wholeWords.find(word);
    if (whole != wholeWords.end())
      ids.push_back(whole->second);
    else
      pairs.encode(word, ids);
  };
  if (wholeParts)
    encodeWord(text);
  else
    forEachWord(text, encodeWord);
}

std::vector<int32_t> Tokenizer::encode(std::string_view text,
                                       SpecialTokens special) const {
  std::vector<int32_t> ids = before;
  bool asText = splitSpecialTokens || special == SpecialTokens::AsText;
  for (const auto &part : added.split(text, asText)) {
    if (part.id >= 0)
      ids.push_back(part.id);
    else if (addPrefixSpace && !part.text.starts_with(' '))
      encodePart(" " + std::string(part.text), ids);
    else
      encodePart(part.text, ids);
  }
  ids.insert(ids.end(), after.begin(), after.end());
  return ids;
}

std::string_view Tokenizer::decode(int32_t id) const {
  if (!isKnown(id) && id >= 0 && id < std::max(modelVocab, size()))
    fail("no token has the id ", id, ": the tokenizer has ", size(),
         " ids, not all of them taken, and the model's vocabulary ",
         modelVocab);
  if (!isKnown(id))
    fail("token id ", id, " is outside the vocabulary of ", modelVocab,
         " tokens");
  return tokens[id];
}

std::string Tokenizer::decode(std::span<const int32_t> ids) const {
  std::string text;
  for (int32_t id : ids)
    text += decode(id);
  return text;
}

} // namespace gpt2
