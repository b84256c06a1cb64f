//===- added_tokens.cpp - Tokens found in text before it is cut ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "model/tokenizer/added_tokens.h"
#include "model/tokenizer/unicode.h"

namespace gpt2 {
namespace {

/// The character that ends before `end`, which is not 0; empty if it is not
/// UTF-8.
std::string_view before(std::string_view text, size_t end) {
  Character character = characterBefore(text, end);
  return text.substr(end - character.bytes,
                     character.valid ? character.bytes : 0);
}

/// The character that begins at `at`; empty if it is not UTF-8.
std::string_view after(std::string_view text, size_t at) {
  Character character = characterAt(text, at);
  return text.substr(at, character.valid ? character.bytes : 0);
}

/// Whether text[begin, end) has no letter, mark or digit on either side.
bool standsAlone(std::string_view text, size_t begin, size_t end) {
  return (begin == 0 || !isWordCharacter(before(text, begin))) &&
         (end == text.size() || !isWordCharacter(after(text, end)));
}

} // namespace

void AddedTokens::Tree::add(std::string_view content, int32_t token) {
  uint32_t node = 0;
  begins[static_cast<unsigned char>(content[0])] = true;
  for (char c : content) {
    uint64_t edge = uint64_t{node} << 8 | static_cast<unsigned char>(c);
    auto [to, isNew] =
        edges.try_emplace(edge, static_cast<uint32_t>(tokenAt.size()));
    if (isNew)
      tokenAt.push_back(-1);
    node = to->second;
  }
  tokenAt[node] = token;
}

int32_t AddedTokens::Tree::longest(std::string_view text, size_t at) const {
  int32_t found = -1;
  uint32_t node = 0;
  for (; at < text.size(); ++at) {
    auto edge =
        edges.find(uint64_t{node} << 8 | static_cast<unsigned char>(text[at]));
    if (edge == edges.end())
      break;
    node = edge->second;
    if (tokenAt[node] >= 0)
      found = tokenAt[node];
  }
  return found;
}

void AddedTokens::add(const AddedToken &token) {
  if (token.content.empty())
    return;
  auto [place, isNew] =
      places.try_emplace(token.content, static_cast<int32_t>(tokens.size()));
  bool normalized = token.normalized.value_or(!token.special);
  if (isNew) {
    tokens.push_back(token);
  } else {
    tokens[place->second] = token;
    trees[!normalized].add(token.content, -1);
  }
  trees[normalized].add(token.content, place->second);
}

void AddedTokens::split(std::string_view text, const Tree &tree,
                        bool specialAsText, std::vector<Part> &parts) const {
  size_t done = 0;
  for (size_t at = 0; at < text.size();) {
    if (!tree.begins[static_cast<unsigned char>(text[at])]) {
      ++at;
      continue;
    }
    int32_t place = tree.longest(text, at);
    if (place < 0) {
      ++at;
      continue;
    }
    const AddedToken &token = tokens[place];
    size_t begin = at, end = at + token.content.size();
    at = end; // what it hides is not looked for, even if it does not count
    if ((token.special && specialAsText) ||
        (token.singleWord && !standsAlone(text, begin, end)))
      continue;
    if (token.lstrip)
      while (begin > done && isSpace(before(text, begin)))
        begin -= before(text, begin).size();
    if (token.rstrip)
      while (end < text.size() && isSpace(after(text, end)))
        end += after(text, end).size();
    if (begin > done)
      parts.push_back({-1, text.substr(done, begin - done)});
    parts.push_back({token.id, text.substr(begin, end - begin)});
    done = end;
  }
  if (done < text.size())
    parts.push_back({-1, text.substr(done)});
}

std::vector<AddedTokens::Part> AddedTokens::split(std::string_view text,
                                                  bool specialAsText) const {
  std::vector<Part> parts, result;
  split(text, trees[0], specialAsText, parts);
  for (const Part &part : parts)
    if (part.id >= 0)
      result.push_back(part);
    else
      split(part.text, trees[1], specialAsText, result);
  return result;
}

} // namespace gpt2
