//===- tokenizer_files.cpp - The files a tokenizer comes in -------------===//
#include "model/error.h"
#include "model/json_file.h"
#include "model/mapped_file.h"
#include "model/tokenizer.h"
#include "model/word_splitter.h"

#include <array>
#include <cstring>

namespace gpt2 {
namespace {

namespace fs = std::filesystem;

/// The files write each byte as a printable character: itself where it is one
/// in Latin-1, else the next code point from 256 on (GPT-2's encoder.py,
/// bytes_to_unicode). This is that table, backwards.
std::unordered_map<uint32_t, unsigned char> characterToByte() {
  std::unordered_map<uint32_t, unsigned char> table;
  uint32_t next = 256;
  for (uint32_t byte = 0; byte < 256; ++byte) {
    bool printable = (byte >= 33 && byte <= 126) ||
                     (byte >= 161 && byte <= 172) || byte >= 174;
    table[printable ? byte : next++] = static_cast<unsigned char>(byte);
  }
  return table;
}

/// The bytes that `symbol` writes, or nothing if it has another character.
/// All characters of the table are one or two bytes of UTF-8.
std::optional<std::string> bytesOf(std::string_view symbol) {
  static const auto table = characterToByte();
  std::string bytes;
  for (size_t i = 0; i < symbol.size();) {
    auto lead = static_cast<unsigned char>(symbol[i]);
    bool two = lead >= 0xC0;
    if (i + two >= symbol.size())
      return std::nullopt;
    uint32_t character =
        two ? (lead & 0x1Fu) << 6 |
                  (static_cast<unsigned char>(symbol[i + 1]) & 0x3Fu)
            : lead;
    auto byte = table.find(character);
    if (byte == table.end())
      return std::nullopt;
    bytes += static_cast<char>(byte->second);
    i += two ? 2 : 1;
  }
  return bytes;
}

fs::path firstOf(const fs::path &directory, const char *one,
                 const char *other) {
  for (const char *name : {one, other})
    if (fs::exists(directory / name))
      return directory / name;
  fail(directory.string(), ": no tokenizer here; expected ", one, " or ", other,
       " beside the weights");
}

void requireVocabulary(size_t tokens, const Config &config,
                       const std::string &source) {
  if (static_cast<int64_t>(tokens) != config.vocab)
    fail(source, ": has ", tokens, " tokens, the model's vocabulary ",
         config.vocab, "; they belong to different models");
}

} // namespace

Tokenizer Tokenizer::fromDirectory(const fs::path &directory,
                                   const Config &config) {
  fs::path vocabFile = firstOf(directory, "encoder.json", "vocab.json");
  fs::path mergesFile = firstOf(directory, "vocab.bpe", "merges.txt");
  std::string source = vocabFile.string();
  nlohmann::json vocab = readJsonObject(vocabFile);
  requireVocabulary(vocab.size(), config, source);

  std::vector<std::string> tokens(vocab.size());
  std::vector<bool> taken(vocab.size());
  std::unordered_map<std::string, int32_t> ids;
  for (const auto &[symbol, value] : vocab.items()) {
    if (!value.is_number_integer() || value.get<int64_t>() < 0 ||
        value.get<int64_t>() >= config.vocab)
      fail(source, ": token \"", symbol, "\" has id ", value.dump(),
           "; expected 0 to ", config.vocab - 1);
    auto id = value.get<int32_t>();
    if (taken[id])
      fail(source, ": two tokens have id ", id);
    taken[id] = true;
    ids[symbol] = id;
    // A special token is its own text; any other is made of byte characters.
    std::optional<std::string> bytes = bytesOf(symbol);
    tokens[id] = config.endsText(id) || !bytes ? symbol : *bytes;
  }
  Tokenizer tokenizer(std::move(tokens),
                      config.endOfText.empty() ? -1 : config.endOfText[0],
                      source);

  source = mergesFile.string();
  MappedFile file(mergesFile);
  std::string_view text(reinterpret_cast<const char *>(file.data()),
                        file.size());
  for (int line = 1; !text.empty(); ++line) {
    std::string_view merge = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), merge.size() + 1));
    if (merge.ends_with('\r'))
      merge.remove_suffix(1);
    if (merge.empty() || (line == 1 && merge.starts_with("#version")))
      continue;
    size_t space = merge.find(' ');
    if (space == std::string_view::npos ||
        merge.find(' ', space + 1) != std::string_view::npos)
      fail(source, ":", line, ": expected two symbols and a space, found \"",
           merge, "\"");
    auto lookUp = [&](const std::string &symbol) {
      auto found = ids.find(symbol);
      if (found == ids.end())
        fail(source, ":", line, ": the symbol \"", symbol, "\" is not in ",
             vocabFile.string());
      return found->second;
    };
    std::string left(merge.substr(0, space)), right(merge.substr(space + 1));
    int32_t leftId = lookUp(left), rightId = lookUp(right);
    tokenizer.addMerge(leftId, rightId, lookUp(left + right));
  }
  return tokenizer;
}

Tokenizer Tokenizer::fromLlmc(const fs::path &path, const Config &config) {
  constexpr uint32_t magic = 20240328;
  std::string source = path.string();
  if (!fs::exists(path))
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
  requireVocabulary(header[2], config, source);
  // Version 1 does not name the end of text; GPT-2's vocabulary ends with it.
  uint32_t endOfText = header[1] == 2 ? header[3] : header[2] - 1;
  if (endOfText >= header[2])
    fail(source, ": the end-of-text id ", endOfText, " is outside its ",
         header[2], " tokens");

  std::vector<std::string> tokens;
  for (uint32_t id = 0; id < header[2]; ++id) {
    size_t length = rest.empty() ? 0 : static_cast<size_t>(rest[0]);
    if (rest.size() < 1 + length)
      fail(source, ": ends inside token ", id, " of ", header[2]);
    tokens.emplace_back(reinterpret_cast<const char *>(rest.data()) + 1,
                        length);
    rest = rest.subspan(1 + length);
  }
  Tokenizer tokenizer(std::move(tokens), static_cast<int32_t>(endOfText),
                      source);
  // Training appended each merge's result to the vocabulary. So the merges
  // known before token `id` cut its bytes into exactly the two it was made of.
  for (int32_t id = 0; id < tokenizer.size(); ++id) {
    if (tokenizer.tokens[id].size() < 2 || id == tokenizer.endOfTextId)
      continue;
    std::vector<int32_t> parts;
    tokenizer.encodeWord(tokenizer.tokens[id], parts);
    if (parts.size() != 2)
      fail(source, ": token ", id, " is not a merge of two earlier tokens");
    tokenizer.addMerge(parts[0], parts[1], id);
  }
  return tokenizer;
}

} // namespace gpt2
