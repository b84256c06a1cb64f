//===- tokenizer_json.cpp - Hugging Face's tokenizer.json ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The format can describe tokenizers of many kinds. What is not of GPT-2's kind
// is refused by name: the ids would be other ones.
//
//===----------------------------------------------------------------------===//
#include "model/tokenizer/tokenizer_description.h"
#include "support/error.h"

namespace gpt2 {
namespace {

using nlohmann::json;

/// The steps of a normalizer, pre-tokenizer, decoder or post-processor: none,
/// one, or those of a Sequence.
std::vector<json> stepsOf(const json &part, const char *listName) {
  if (part.is_null())
    return {};
  if (field(part, "type") == "Sequence" && field(part, listName).is_array()) {
    std::vector<json> steps;
    for (const json &step : field(part, listName))
      for (json &inner : stepsOf(step, listName))
        steps.push_back(std::move(inner));
    return steps;
  }
  return {part};
}

std::string typeOf(const json &step) {
  const json &type = field(step, "type");
  return type.is_string() ? type.get<std::string>() : step.dump();
}

/// The one step, if there is one, must be ByteLevel.
std::optional<json> byteLevel(const json &part, const char *listName,
                              const char *what, const std::string &source) {
  std::vector<json> steps = stepsOf(part, listName);
  for (const json &step : steps)
    if (typeOf(step) != "ByteLevel" || steps.size() > 1)
      fail(source, ": the ", what, " has ", typeOf(step),
           steps.size() > 1 ? " among others" : "",
           "; GPT-2 has one, ByteLevel, and only that is accepted");
  return steps.empty() ? std::nullopt : std::optional(steps[0]);
}

void readPostProcessor(const json &part, TokenizerDescription &description) {
  const std::string &source = description.source;
  auto idsOf = [&](const json &step, const json &name) {
    const json &tokens = field(step, "special_tokens");
    const json &ids = field(
        field(tokens, name.is_string() ? name.get<std::string>() : ""), "ids");
    std::vector<int32_t> result;
    for (const json &id : ids)
      if (id.is_number_integer() && id >= 0 && id < description.limit)
        result.push_back(id.get<int32_t>());
    if (result.empty() || result.size() != ids.size())
      fail(source, ": the post-processor adds ", name.dump(), " with the ids ",
           ids.dump(), "; expected ids from 0 to ", description.limit - 1);
    return result;
  };
  for (const json &step : stepsOf(part, "processors")) {
    if (typeOf(step) == "ByteLevel") // moves offsets, adds nothing
      continue;
    if (typeOf(step) != "TemplateProcessing")
      fail(source, ": the post-processor is ", typeOf(step),
           "; accepted are ByteLevel and TemplateProcessing");
    std::vector<int32_t> before, after;
    int texts = 0;
    for (const json &item : field(step, "single")) {
      const json &special = field(item, "SpecialToken");
      if (special.is_null()) {
        ++texts;
        continue;
      }
      auto &side = texts ? after : before;
      for (int32_t id : idsOf(step, field(special, "id")))
        side.push_back(id);
    }
    if (texts != 1)
      fail(source, ": the post-processor's \"single\" has ", texts,
           " texts; expected one, with special tokens around it");
    before.insert(before.end(), description.before.begin(),
                  description.before.end());
    description.before = std::move(before);
    description.after.insert(description.after.end(), after.begin(),
                             after.end());
  }
}

/// Every field under which byte-pair encoding is not GPT-2's.
void checkModel(const json &model, const std::string &source) {
  const json &type = field(model, "type");
  if (!type.is_null() && type != "BPE")
    fail(source, ": the model is ", type.dump(),
         "; GPT-2 has BPE, and only that is accepted");
  struct {
    const char *name;
    std::vector<json> allowed; ///< beside null
  } fields[] = {{"dropout", {0, 0.0}},
                {"continuing_subword_prefix", {""}},
                {"end_of_word_suffix", {""}},
                {"byte_fallback", {false}}};
  for (const auto &[name, allowed] : fields) {
    const json &value = field(model, name);
    if (!value.is_null() &&
        std::find(allowed.begin(), allowed.end(), value) == allowed.end())
      fail(source, ": the model's \"", name, "\" is ", value.dump(),
           "; GPT-2 has none, and only that is accepted");
  }
  if (!field(model, "vocab").is_object() || !field(model, "merges").is_array())
    fail(source, ": expected a \"model\" with a \"vocab\" and \"merges\"; "
                 "if this is a vocab.json, give the folder it is in");
}

} // namespace

void TokenizerDescription::addMerge(std::string_view merge, int64_t place) {
  size_t space = merge.find(' ');
  if (space == std::string_view::npos ||
      merge.find(' ', space + 1) != std::string_view::npos)
    fail(mergesSource, place, ": expected two symbols and a space, found \"",
         merge, "\"");
  merges.push_back({std::string(merge.substr(0, space)),
                    std::string(merge.substr(space + 1)), place});
}

void TokenizerDescription::addToken(std::string symbol, const json &id) {
  if (!id.is_number_integer() || id < 0 || id > INT32_MAX)
    fail(source, ": token \"", symbol, "\" has id ", id.dump(),
         "; expected 0 to ", limit - 1);
  auto [token, isNew] = vocab.try_emplace(std::move(symbol), id.get<int32_t>());
  if (!isNew)
    fail(source, ": the token \"", token->first, "\" stands twice");
}

AddedToken readAddedToken(const json &value, const std::string &where) {
  AddedToken token;
  const json &content = value.is_string() ? value : field(value, "content");
  if (!content.is_string())
    fail(where, " is ", value.dump(),
         "; expected a token's text, or an object with its \"content\"");
  token.content = content.get<std::string>();
  token.special = flag(value, "special", value.is_string(), where);
  token.lstrip = flag(value, "lstrip", false, where);
  token.rstrip = flag(value, "rstrip", false, where);
  token.singleWord = flag(value, "single_word", false, where);
  if (!field(value, "normalized").is_null())
    token.normalized = flag(value, "normalized", false, where);
  return token;
}

void readTokenizerJson(const std::filesystem::path &file, bool alone,
                       TokenizerDescription &description) {
  std::string source = description.source = file.string();
  description.mergesSource = source + ": merge ";
  // The vocabulary and the merges are most of the file, and are taken as they
  // are read; the rest becomes a small object.
  std::string top, section;
  std::optional<std::string> symbol; // whose id is next
  int64_t merges = 0;
  auto take = [&](int depth, json::parse_event_t event, json &parsed) {
    if (event == json::parse_event_t::key && depth <= 2)
      (depth == 1 ? top : section) = parsed.get<std::string>();
    if (depth < 3 || top != "model")
      return true;
    if (section == "vocab" && depth == 3) {
      if (event == json::parse_event_t::key) {
        symbol = std::move(parsed.get_ref<std::string &>());
        return false; // the value that follows is left out with its key
      }
      if (symbol)
        description.addToken(std::move(*symbol), parsed);
      symbol.reset();
    }
    if (section != "merges" || depth != 3)
      return true;
    if (event == json::parse_event_t::value && parsed.is_string())
      description.addMerge(parsed.get_ref<const std::string &>(), ++merges);
    else if (event == json::parse_event_t::array_end && parsed.size() == 2 &&
             parsed[0].is_string() && parsed[1].is_string())
      description.merges.push_back({parsed[0].get<std::string>(),
                                    parsed[1].get<std::string>(), ++merges});
    else if (event != json::parse_event_t::array_start)
      fail(description.mergesSource, ++merges, ": expected two symbols, found ",
           parsed.dump());
    return event == json::parse_event_t::array_start;
  };
  json fields = readJsonObject(file, take);

  const json &version = field(fields, "version");
  if (!version.is_null() && version != "1.0")
    fail(source, ": version ", version.dump(), "; expected \"1.0\"");
  checkModel(field(fields, "model"), source);
  for (const json &step : stepsOf(field(fields, "normalizer"), "normalizers"))
    fail(source, ": the normalizer is ", typeOf(step),
         "; GPT-2 has none, and only that is accepted");
  std::optional<json> cut = byteLevel(field(fields, "pre_tokenizer"),
                                      "pretokenizers", "pre-tokenizer", source);
  if (alone && !cut)
    fail(source, ": there is no pre-tokenizer; GPT-2 has ByteLevel, and only "
                 "that is accepted");
  byteLevel(field(fields, "decoder"), "decoders", "decoder", source);
  readPostProcessor(field(fields, "post_processor"), description);
  if (alone) {
    description.addPrefixSpace = flag(*cut, "add_prefix_space", true, source);
    description.wholeParts = !flag(*cut, "use_regex", true, source);
    description.ignoreMerges =
        flag(field(fields, "model"), "ignore_merges", false, source);
  }
  const json &added = field(fields, "added_tokens");
  if (!added.is_null() && !added.is_array())
    fail(source, ": \"added_tokens\" is ", added.type_name(),
         "; expected a list");
  for (const json &item : added) {
    AddedToken token = readAddedToken(item, source + ": an added token");
    const json &id = field(item, "id");
    if (!id.is_number_integer() || id < 0 || id > INT32_MAX)
      fail(source, ": added token \"", token.content, "\" has id ", id.dump(),
           "; expected 0 to ", description.limit - 1);
    token.id = id.get<int32_t>();
    description.added.push_back(std::move(token));
  }
}

} // namespace gpt2
