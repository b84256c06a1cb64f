//===- tokenizer_settings.cpp - What stands beside a vocabulary ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// tokenizer_config.json and, from before transformers 4.34, special_tokens_map
// and added_tokens.json. Which of them counts is as in transformers 5.
//
//===----------------------------------------------------------------------===//
#include "model/tokenizer/tokenizer_description.h"
#include "support/error.h"

#include <algorithm>
#include <map>

namespace gpt2 {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// The fields of an object in the order of its file, which gives new tokens
/// their ids.
struct OrderedFields {
  std::vector<std::string> names;
  std::vector<std::string> extraNames; ///< if the extra tokens have any
  json values = json::object();
  std::map<std::string, std::string> files; ///< whose each field is

  /// "folder/file: "name"", for errors.
  std::string where(const std::string &name) const {
    return files.at(name) + ": \"" + name + "\"";
  }

  void take(const fs::path &file) {
    std::string top;
    auto note = [&](int depth, json::parse_event_t event, json &parsed) {
      if (depth > 2 || event != json::parse_event_t::key)
        return true;
      auto name = parsed.get<std::string>();
      if (depth == 2 && top.ends_with("_special_tokens"))
        extraNames.push_back(name);
      if (depth == 1) {
        top = name;
        if (files.insert_or_assign(name, file.string()).second)
          names.push_back(std::move(name));
      }
      return true;
    };
    values.update(readJsonObject(file, note));
  }
};

/// What tokenizer.json is read by: the class that transformers would take.
bool isGpt2Class(const fs::path &directory, const json &settings) {
  std::string file = (directory / "tokenizer_config.json").string();
  json name = field(settings, "tokenizer_class");
  if (name.is_null() && fs::exists(directory / "config.json")) {
    file = (directory / "config.json").string();
    name = field(readJsonObject(file), "tokenizer_class");
  }
  if (name.is_null() || name == "GPT2Tokenizer" || name == "GPT2TokenizerFast")
    return true;
  if (name != "PreTrainedTokenizerFast" && name != "TokenizersBackend")
    fail(file, ": \"tokenizer_class\" is ", name.dump(),
         "; accepted are GPT2Tokenizer, GPT2TokenizerFast, "
         "PreTrainedTokenizerFast and TokenizersBackend");
  return false;
}

std::vector<AddedToken> declaredTokens(const json &decoder,
                                       const std::string &source) {
  std::map<int32_t, AddedToken> byId;
  if (!decoder.is_object())
    fail(source, ": \"added_tokens_decoder\" is ", decoder.type_name(),
         "; expected an object");
  for (const auto &[key, value] : decoder.items()) {
    size_t digits = key.find_first_not_of("0123456789");
    if (key.empty() || key.size() > 9 || digits != std::string::npos)
      fail(source, ": \"added_tokens_decoder\" has the id \"", key,
           "\"; expected a whole number");
    AddedToken token = readAddedToken(
        value, source + ": \"added_tokens_decoder\", " + key + ",");
    token.id = std::stoi(key);
    byId[token.id] = std::move(token);
  }
  std::vector<AddedToken> tokens;
  for (auto &[id, token] : byId)
    tokens.push_back(std::move(token));
  return tokens;
}

bool contains(const std::vector<AddedToken> &tokens,
              const std::string &content) {
  return std::any_of(tokens.begin(), tokens.end(),
                     [&](const AddedToken &t) { return t.content == content; });
}

/// added_tokens.json: contents and ids. Those that are named are special.
std::vector<AddedToken> legacyTokens(const fs::path &file,
                                     const TokenizerSettings &settings) {
  json fields = readJsonObject(file);
  json decoder = json::object();
  for (const auto &[content, id] : fields.items()) {
    if (!id.is_number_integer() || id < 0 || id > INT32_MAX)
      fail(file.string(), ": token \"", content, "\" has id ", id.dump(),
           "; expected a whole number");
    bool special =
        contains(settings.named, content) || contains(settings.extra, content);
    decoder[id.dump()] = {
        {"content", content}, {"special", special}, {"normalized", !special}};
  }
  return declaredTokens(decoder, file.string());
}

/// extra_special_tokens, or their name before transformers 5.
json extraTokens(const json &fields) {
  const json &extra = field(fields, "extra_special_tokens");
  return extra.empty() ? field(fields, "additional_special_tokens") : extra;
}

void readNamedTokens(const OrderedFields &fields, TokenizerSettings &settings) {
  std::vector<std::string> names = {"bos_token", "eos_token", "unk_token",
                                    "sep_token", "pad_token", "cls_token",
                                    "mask_token"};
  auto ownNames = static_cast<std::ptrdiff_t>(names.size());
  std::copy_if(fields.names.begin(), fields.names.end(),
               std::back_inserter(names), [&](const std::string &name) {
                 return name.ends_with("_token") &&
                        (field(fields.values, name).is_string() ||
                         field(fields.values, name).contains("content")) &&
                        std::count(names.begin(), names.begin() + ownNames,
                                   name) == 0;
               });
  std::stable_partition(
      names.begin() + ownNames, names.end(), [&](const std::string &name) {
        return field(fields.values, name).is_object(); // as it happens
      });
  for (const std::string &name : names) {
    // GPT2Tokenizer's own, where the vocabulary has it and nothing is said.
    bool isDefault =
        settings.isGpt2Class && !fields.values.contains(name) &&
        (name == "bos_token" || name == "eos_token" || name == "unk_token");
    const json &value = field(fields.values, name);
    if (value.is_null() && !isDefault)
      continue;
    AddedToken token;
    if (isDefault)
      token.content = "<|endoftext|>";
    else
      token = readAddedToken(value, fields.where(name));
    token.special = true;
    token.isDefault = isDefault;
    if (name == "bos_token")
      settings.beginOfText = token.content;
    if (name == "eos_token")
      settings.endOfText = token.content;
    settings.named.push_back(std::move(token));
  }
}

} // namespace

TokenizerSettings readTokenizerSettings(const fs::path &directory) {
  TokenizerSettings settings;
  fs::path file = directory / "tokenizer_config.json";
  std::string source = file.string();
  OrderedFields fields;
  if (fs::exists(file))
    fields.take(file);
  settings.isGpt2Class = isGpt2Class(directory, fields.values);
  for (const json &name : field(fields.values, "fast_tokenizer_files"))
    if (name != "tokenizer.json")
      fail(source, ": \"fast_tokenizer_files\" has ", name.dump(),
           "; only tokenizer.json is accepted");
  json extra = extraTokens(fields.values);
  settings.declaresAll = fields.values.contains("added_tokens_decoder");
  if (settings.declaresAll)
    settings.declared =
        declaredTokens(field(fields.values, "added_tokens_decoder"), source);
  else if (fs::exists(directory / "special_tokens_map.json"))
    fields.take(directory / "special_tokens_map.json");

  settings.addPrefixSpace =
      flag(fields.values, "add_prefix_space", false, source);
  settings.splitSpecialTokens =
      flag(fields.values, "split_special_tokens", false, source);
  settings.addBeginOfText = flag(fields.values, "add_bos_token", false, source);
  settings.addEndOfText = flag(fields.values, "add_eos_token", false, source);
  readNamedTokens(fields, settings);
  if (extra.empty())
    extra = extraTokens(fields.values);
  std::string where = directory.string() + ": one of the extra special tokens";
  if (extra.is_object()) {
    for (const std::string &name : fields.extraNames)
      if (extra.contains(name)) {
        settings.named.push_back(readAddedToken(extra[name], where));
        settings.named.back().special = true;
      }
  } else {
    for (const json &value : extra)
      settings.extra.push_back(readAddedToken(value, where));
  }
  if (!settings.declaresAll && fs::exists(directory / "added_tokens.json"))
    settings.declared = legacyTokens(directory / "added_tokens.json", settings);
  return settings;
}

void addTokens(const TokenizerSettings &settings,
               TokenizerDescription &description) {
  std::vector<AddedToken> declared = settings.declared;
  if (!settings.declaresAll) {
    std::map<int32_t, AddedToken> byId;
    for (const AddedToken &token : declared)
      byId[token.id] = token;
    for (const AddedToken &token : description.added)
      byId[token.id] = token;
    declared.clear();
    for (auto &[id, token] : byId)
      declared.push_back(token);
  }
  for (AddedToken &token : declared)
    token.special = token.special || contains(settings.named, token.content);
  std::vector<AddedToken> &all = description.added;
  if (settings.isGpt2Class)
    all.clear();
  all.insert(all.end(), declared.begin(), declared.end());
  for (const auto *tokens : {&settings.named, &settings.extra})
    for (const AddedToken &token : *tokens)
      if (!contains(all, token.content) &&
          (!token.isDefault || description.vocab.contains(token.content)))
        all.push_back(token);
}

} // namespace gpt2
